/* SPDX-License-Identifier: Apache-2.0
 * Section "log" of the Kafka back end: its own rules, and what librdkafka itself refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "bus/bus.h"
#include "bus/settings.h"

static const struct conf_setting *find(const char *name)
{
    for (size_t i = 0; i < BUS_SECTION.count; i++)
        if (strcmp(BUS_SECTION.settings[i].name, name) == 0)
            return &BUS_SECTION.settings[i];
    fail_msg("no setting %s", name);
    return NULL;
}

static void test_settings_are_in_alphabetical_order(void **state)
{
    (void)state;
    for (size_t i = 1; i < BUS_SECTION.count; i++)
        assert_true(strcmp(BUS_SECTION.settings[i - 1].name, BUS_SECTION.settings[i].name) < 0);
}

static void test_settings_check_strings(void **state)
{
    static const struct {
        const char *name, *value;
        int result;
    } rows[] = {
        {"compression", "lz4", 0},
        {"compression", "rar", -1},
        {"topic_prefix", "", 0},
        {"topic_prefix", "mail_2.a-", 0},
        {"topic_prefix", "mail/", -1},
        {"librdkafka", "security.protocol=SASL_SSL", 0},
        {"librdkafka", "sasl.password = a=b", 0},
        {"librdkafka", "linger.ms", -1},
        {"librdkafka", "acks=1", -1},
        {"librdkafka", " enable.auto.commit = true", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err;
        assert_int_equal(find(rows[i].name)->check(rows[i].value, &err), rows[i].result);
    }
}

static void test_settings_min_insync_above_replication_is_refused(void **state)
{
    struct bus_settings settings = {.replication = 2, .min_insync = 3};
    struct err err;

    (void)state;
    assert_int_equal(BUS_SECTION.check(&settings, &err), -1);
    settings.replication = 3;
    assert_int_equal(BUS_SECTION.check(&settings, &err), 0);
}

static void test_settings_unknown_to_librdkafka_are_named(void **state)
{
    static const char *const extra[] = {"no.such.thing=1", NULL};
    const struct bus_settings settings = {
        .topic_prefix = "", .brokers = "127.0.0.1:1", .compression = "lz4", .librdkafka = extra};
    struct bus_hub *hub = NULL;
    struct err err;

    (void)state;
    assert_int_equal(bus_hub_open(&settings, &hub, &err), -1);
    assert_int_equal(err.kind, ERR_INVALID);
    assert_non_null(strstr(err.text, "no.such.thing"));
    assert_null(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_in_alphabetical_order),
        cmocka_unit_test(test_settings_check_strings),
        cmocka_unit_test(test_settings_min_insync_above_replication_is_refused),
        cmocka_unit_test(test_settings_unknown_to_librdkafka_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
