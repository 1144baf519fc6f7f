/* SPDX-License-Identifier: Apache-2.0
 * The topics as they should be, and the retention guard's verdicts. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "bus/kafka/guard.h"
#include "bus/kafka/topics.h"

static const struct bus_settings settings = {
    .topic_prefix = "p.",
    .partitions = {[BUS_WORK] = 12, [BUS_TIMER] = 8},
    .longest_period_s = 3600,
    .replication = 3,
    .min_insync = 2,
};

static const char *value_of(const struct topics_want *want, const char *name)
{
    for (size_t i = 0; i < want->count; i++)
        if (strcmp(want->settings[i].name, name) == 0)
            return want->settings[i].value;
    return "";
}

static void test_topics_want_mail_is_kept_for_the_period_and_a_day(void **state)
{
    struct arena *arena = arena_new(1024);
    struct topics_want want;

    (void)state;
    topics_want(&settings, BUS_WORK, arena, &want);
    assert_string_equal(want.name, "p.work");
    assert_int_equal(want.partitions, 12);
    assert_int_equal(want.replication, 3);
    assert_string_equal(value_of(&want, "retention.ms"), "90000000");
    assert_string_equal(value_of(&want, "retention.bytes"), "-1");
    assert_string_equal(value_of(&want, "min.insync.replicas"), "2");
    assert_string_equal(value_of(&want, "cleanup.policy"), "delete");
    assert_string_equal(value_of(&want, "message.timestamp.type"), "LogAppendTime");
    topics_want(&settings, BUS_DEAD, arena, &want);
    assert_string_equal(value_of(&want, "retention.ms"), "2592000000");
    arena_free(&arena);
}

static void test_topics_want_timer_is_compacted_and_never_expires(void **state)
{
    struct arena *arena = arena_new(1024);
    struct topics_want want;

    (void)state;
    topics_want(&settings, BUS_TIMER, arena, &want);
    assert_string_equal(value_of(&want, "cleanup.policy"), "compact");
    assert_string_equal(value_of(&want, "max.compaction.lag.ms"), "3600000");
    assert_string_equal(value_of(&want, "retention.ms"), "");
    arena_free(&arena);
}

static void test_guard_check_value_table(void **state)
{
    static const struct {
        enum bus_topic topic;
        const char *setting[2];
        bool is_good;
    } rows[] = {
        {BUS_WORK, {"retention.ms", "-1"}, true},
        {BUS_WORK, {"retention.ms", "90000000"}, true},
        {BUS_WORK, {"retention.ms", "89999999"}, false},
        {BUS_BODY, {"retention.ms", "0"}, false},
        {BUS_BODY, {"retention.ms", "x"}, false},
        {BUS_BODY, {"retention.bytes", "-1"}, true},
        {BUS_BODY, {"retention.bytes", "1000000000000"}, false},
        {BUS_TIMER, {"retention.ms", "1"}, true},
        {BUS_TIMER, {"cleanup.policy", "compact"}, true},
        {BUS_TIMER, {"cleanup.policy", "delete"}, false},
        {BUS_TIMER, {"cleanup.policy", "compact,delete"}, false},
        {BUS_WORK, {"segment.ms", "1"}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = {0};
        int result = guard_check_value(rows[i].topic, "p.topic", rows[i].setting,
                                       settings.longest_period_s, &err);
        assert_int_equal(result, rows[i].is_good ? 0 : -1);
        assert_int_equal(err.kind, rows[i].is_good ? ERR_NONE : ERR_INVALID);
    }
}

static void test_guard_names_topic_value_and_what_is_needed(void **state)
{
    const char *const setting[2] = {"retention.ms", "1000"};
    struct err err;

    (void)state;
    assert_int_equal(guard_check_value(BUS_WORK, "p.work", setting, 3600, &err), -1);
    assert_non_null(strstr(err.text, "p.work"));
    assert_non_null(strstr(err.text, "retention.ms=1000"));
    assert_non_null(strstr(err.text, "90000000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topics_want_mail_is_kept_for_the_period_and_a_day),
        cmocka_unit_test(test_topics_want_timer_is_compacted_and_never_expires),
        cmocka_unit_test(test_guard_check_value_table),
        cmocka_unit_test(test_guard_names_topic_value_and_what_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
