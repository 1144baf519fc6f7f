/* SPDX-License-Identifier: Apache-2.0
 * Stages add up, and are known by having happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/delays.h"

static void test_a_stage_is_the_sum_of_what_was_done(void **state)
{
    struct delays delays = {0};

    (void)state;
    delays_add(&delays, DELAY_CONNECT, 30);
    delays_add(&delays, DELAY_CONNECT, 12);
    delays_add(&delays, DELAY_TRANSMIT, 80);
    assert_int_equal(delays.ms[DELAY_CONNECT], 42);
    assert_int_equal(delays_total_ms(&delays), 122);
    assert_false(delays.has[DELAY_TLS]);
}

static void test_no_time_is_not_nothing(void **state)
{
    struct delays delays = {0};

    (void)state;
    assert_false(delays_has_any(&delays));
    delays_add(&delays, DELAY_TRANSMIT, 0);
    assert_true(delays_has_any(&delays));
    assert_true(delays.has[DELAY_TRANSMIT]);
    assert_int_equal(delays_total_ms(&delays), 0);
}

static void test_names_are_those_of_the_log(void **state)
{
    static const char *const NAMES[] = {"queue", "dns", "connect", "tls", "transmit"};

    (void)state;
    assert_int_equal(sizeof NAMES / sizeof *NAMES, DELAYS);
    for (enum delay delay = 0; delay < DELAYS; delay++)
        assert_string_equal(delay_name(delay), NAMES[delay]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stage_is_the_sum_of_what_was_done),
        cmocka_unit_test(test_no_time_is_not_nothing),
        cmocka_unit_test(test_names_are_those_of_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
