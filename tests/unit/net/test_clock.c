/* SPDX-License-Identifier: Apache-2.0
 * The clocks: units and directions. */
#include "unit/net/cases.h"

#define YEAR_2024_MS INT64_C(1704067200000)

static void test_wall_clock_counts_from_the_epoch(void **state)
{
    (void)state;
    assert_true(clock_wall_ms() > YEAR_2024_MS);
    assert_true(clock_wall_us() / 1000 - clock_wall_ms() <= 1000);
}

static void test_monotonic_clock_never_goes_back(void **state)
{
    uint64_t last_us = clock_monotonic_us();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t now_us = clock_monotonic_us();
        assert_true(now_us >= last_us);
        last_us = now_us;
    }
    assert_true(clock_monotonic_ms() >= last_us / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall_clock_counts_from_the_epoch),
        cmocka_unit_test(test_monotonic_clock_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
