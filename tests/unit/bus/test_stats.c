/* SPDX-License-Identifier: Apache-2.0
 * The bounded tables of errors and brokers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bus/stats.h"

static void test_errors_are_counted_by_code(void **state)
{
    struct bus_stats stats = {0};

    (void)state;
    stats_add_errors(&stats, "_TRANSPORT", 0);
    stats_add_errors(&stats, "_FATAL", 1);
    stats_add_errors(&stats, "_FATAL", 1);
    assert_string_equal(stats.errors[0].code, "_TRANSPORT");
    assert_int_equal(stats.errors[0].count, 0);
    assert_string_equal(stats.errors[1].code, "_FATAL");
    assert_int_equal(stats.errors[1].count, 2);
    assert_null(stats.errors[2].code);
}

static void test_too_many_codes_are_counted_together(void **state)
{
    char names[BUS_CODES_MAX + 4][8];
    struct bus_stats stats = {0};

    (void)state;
    for (unsigned i = 0; i < BUS_CODES_MAX + 4; i++) {
        (void)snprintf(names[i], sizeof names[i], "E%u", i);
        stats_add_errors(&stats, names[i], 1);
    }
    assert_string_equal(stats.errors[BUS_CODES_MAX - 2].code, names[BUS_CODES_MAX - 2]);
    assert_string_equal(stats.errors[BUS_CODES_MAX - 1].code, "other");
    assert_int_equal(stats.errors[BUS_CODES_MAX - 1].count, 5);
    stats_add_errors(&stats, names[0], 1);
    assert_int_equal(stats.errors[0].count, 2);
}

static void test_a_broker_has_its_last_round_trip(void **state)
{
    struct bus_stats stats = {0};

    (void)state;
    stats_set_rtt(&stats, SLICE("a:9092"), 100);
    stats_set_rtt(&stats, SLICE("b:9092"), 200);
    stats_set_rtt(&stats, SLICE("a:9092"), 300);
    stats_set_rtt(&stats, SLICE_NONE, 400);
    assert_string_equal(stats.brokers[0].name, "a:9092");
    assert_int_equal(stats.brokers[0].rtt_us, 300);
    assert_string_equal(stats.brokers[1].name, "b:9092");
    assert_string_equal(stats.brokers[2].name, "");
}

static void test_brokers_are_bounded(void **state)
{
    char name[200];
    struct bus_stats stats = {0};

    (void)state;
    for (unsigned i = 0; i < BUS_BROKERS_MAX + 9; i++) {
        int len = snprintf(name, sizeof name, "%0100u:9092", i);
        stats_set_rtt(&stats, slice_of(name, (size_t)len), i + 1); /* all alike when cut */
    }
    assert_int_equal(stats.brokers[0].rtt_us, BUS_BROKERS_MAX + 9);
    for (unsigned i = 0; i < BUS_BROKERS_MAX + 9; i++) {
        int len = snprintf(name, sizeof name, "%u:9092", i);
        stats_set_rtt(&stats, slice_of(name, (size_t)len), i + 1);
    }
    assert_int_equal(stats.brokers[BUS_BROKERS_MAX - 1].rtt_us, BUS_BROKERS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_are_counted_by_code),
        cmocka_unit_test(test_too_many_codes_are_counted_together),
        cmocka_unit_test(test_a_broker_has_its_last_round_trip),
        cmocka_unit_test(test_brokers_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
