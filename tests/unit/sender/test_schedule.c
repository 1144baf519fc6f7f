/* SPDX-License-Identifier: Apache-2.0
 * The time of the schedule: real, and scaled. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "sender/schedule.h"

#define NOW_MS INT64_C(1800000000000)

static void test_scale_1_is_real_time(void **state)
{
    (void)state;
    assert_int_equal(schedule_scaled_start(NOW_MS - 5, NOW_MS, 1), NOW_MS - 5);
    assert_int_equal(schedule_scaled_start(INT64_MIN, NOW_MS, 1), INT64_MIN);
    assert_int_equal(schedule_scaled_due(NOW_MS + 7, NOW_MS, 1), NOW_MS + 7);
}

static void test_ages_grow_and_waits_shrink_by_the_scale(void **state)
{
    (void)state;
    assert_int_equal(schedule_scaled_start(NOW_MS - 5, NOW_MS, 200), NOW_MS - 1000);
    assert_int_equal(schedule_scaled_start(NOW_MS + 5, NOW_MS, 200), NOW_MS + 1000);
    assert_int_equal(schedule_scaled_due(NOW_MS + 240000, NOW_MS, 200), NOW_MS + 1200);
}

static void test_what_does_not_fit_is_ancient_or_in_the_future(void **state)
{
    (void)state;
    assert_int_equal(schedule_scaled_start(INT64_MIN, NOW_MS, 10000), INT64_MIN);
    assert_int_equal(schedule_scaled_start(0, INT64_MAX, 2), INT64_MIN);
    assert_int_equal(schedule_scaled_start(INT64_MAX, NOW_MS, 10000), INT64_MAX);
}

/* S16 with 200 times the speed: an attempt takes 50 ms, that is 10 s. */
static void test_s16_default_schedule_in_scaled_time(void **state)
{
    static const int64_t WAITS_MS[] = {1200, 3600, 6000};
    const struct retry_settings settings = retry_defaults();
    int64_t queued_ms = NOW_MS, now_ms = NOW_MS;

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        now_ms += 50;
        struct retry_plan plan =
            retry_plan(&settings, schedule_scaled_start(queued_ms, now_ms, 200), now_ms, i + 1,
                       RETRY_CHANCE_NONE);
        assert_false(plan.is_expired);
        assert_int_equal(schedule_scaled_due(plan.due_ms, now_ms, 200), now_ms + WAITS_MS[i]);
        now_ms += WAITS_MS[i];
    }
    now_ms = queued_ms + 86400 * 1000 / 200;
    assert_false(
        retry_is_overdue(&settings, schedule_scaled_start(queued_ms, now_ms, 200), now_ms));
    assert_true(
        retry_is_overdue(&settings, schedule_scaled_start(queued_ms, now_ms + 1, 200), now_ms + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale_1_is_real_time),
        cmocka_unit_test(test_ages_grow_and_waits_shrink_by_the_scale),
        cmocka_unit_test(test_what_does_not_fit_is_ancient_or_in_the_future),
        cmocka_unit_test(test_s16_default_schedule_in_scaled_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
