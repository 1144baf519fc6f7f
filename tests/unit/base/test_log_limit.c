/* SPDX-License-Identifier: Apache-2.0
 * Which lines a limit leaves out, and that each is told of once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/log_limit.h"

static size_t admit(struct log_limit *limit, const char *name, int64_t second, size_t count)
{
    size_t admitted = 0;

    for (size_t i = 0; i < count; i++)
        admitted += log_limit_admits(limit, name, second);
    return admitted;
}

static void expect_owed(struct log_limit *limit, int64_t now_s, const char *want, uint64_t count)
{
    uint64_t left_out = 0;
    const char *name = log_limit_owed(limit, now_s, &left_out);

    assert_non_null(name);
    assert_string_equal(name, want);
    assert_int_equal(left_out, count);
}

static void expect_nothing_owed(struct log_limit *limit, int64_t now_s)
{
    uint64_t left_out;

    assert_null(log_limit_owed(limit, now_s, &left_out));
}

static void test_each_event_has_its_share_of_each_second(void **state)
{
    struct log_limit limit = {.per_second = 3};

    (void)state;
    assert_int_equal(admit(&limit, "auth_failed", 7, 5), 3);
    assert_int_equal(admit(&limit, "refused", 7, 2), 2);
    assert_int_equal(admit(&limit, "auth_failed", 8, 2), 2);
    assert_int_equal(limit.left_out, 2);
}

static void test_what_was_left_out_is_told_once_when_its_second_is_over(void **state)
{
    struct log_limit limit = {.per_second = 1};

    (void)state;
    (void)admit(&limit, "auth_failed", 7, 4);
    (void)admit(&limit, "refused", 7, 2);
    expect_nothing_owed(&limit, 7);
    expect_owed(&limit, 8, "auth_failed", 3);
    expect_owed(&limit, 8, "refused", 1);
    expect_nothing_owed(&limit, 8);
    assert_int_equal(limit.owing, 0);
    (void)admit(&limit, "refused", 9, 2);
    expect_owed(&limit, 6 /* the clock was set back */, "refused", 1);
    assert_int_equal(limit.left_out, 5);
}

static void test_without_a_limit_nothing_is_left_out(void **state)
{
    struct log_limit limit = {0};

    (void)state;
    assert_int_equal(admit(&limit, "auth_failed", 7, 1000), 1000);
    expect_nothing_owed(&limit, 8);
}

static void test_events_beyond_the_table_share_its_last_place(void **state)
{
    static char names[LOG_LIMIT_EVENTS + 8][8];
    struct log_limit limit = {.per_second = 2};
    size_t admitted = 0;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(names[i], sizeof names[i], "e%zu", i);
        admitted += admit(&limit, names[i], 7, 1);
    }
    assert_int_equal(admitted, LOG_LIMIT_EVENTS + 1);
    assert_int_equal(limit.count, LOG_LIMIT_EVENTS);
    expect_owed(&limit, 8, "others", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_event_has_its_share_of_each_second),
        cmocka_unit_test(test_what_was_left_out_is_told_once_when_its_second_is_over),
        cmocka_unit_test(test_without_a_limit_nothing_is_left_out),
        cmocka_unit_test(test_events_beyond_the_table_share_its_last_place),
    };

    return cmocka_run_group_tests_name("base/log_limit", tests, NULL, NULL);
}
