/* SPDX-License-Identifier: Apache-2.0
 * Buckets, and the bounds as the metrics' table has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/durations.h"

static void test_durations_fall_into_buckets(void **state)
{
    struct durations durations = {0};

    (void)state;
    assert_int_equal(durations_count(&durations), 0);
    durations_add(&durations, 0);
    durations_add(&durations, 100); /* the bound belongs to its bucket */
    durations_add(&durations, 101);
    durations_add(&durations, 200);
    durations_add(&durations, 5000000);
    durations_add(&durations, 5000001);
    assert_int_equal(durations.buckets[0], 2);
    assert_int_equal(durations.buckets[1], 2);
    assert_int_equal(durations.buckets[DURATIONS_BUCKETS - 2], 1);
    assert_int_equal(durations.buckets[DURATIONS_BUCKETS - 1], 1);
    assert_int_equal(durations.sum_us, 10000402);
    assert_int_equal(durations_count(&durations), 6);
}

/* It becomes the le="" of series: nothing but numbers and commas. */
static void test_durations_text_is_a_list_of_numbers(void **state)
{
    (void)state;
    assert_string_equal(DURATIONS_TEXT,
                        "0.0001,0.0002,0.0005,0.001,0.002,0.005,0.01,0.02,0.05,0.1,0.2,0.5,1,2,5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations_fall_into_buckets),
        cmocka_unit_test(test_durations_text_is_a_list_of_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
