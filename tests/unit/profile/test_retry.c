/* SPDX-License-Identifier: Apache-2.0
 * The golden table S18 with its boundaries, and the bounds of the settings (S10..S18). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/retry.h"

#define QUEUED_MS INT64_C(1457420514000)

/* What became of a parcel that always fails. Seconds count from its queueing. */
struct history {
    unsigned retries;
    int64_t gave_up_s; /* the moment of the verdict "retry timeout" */
};

/* Every attempt takes attempt_s and fails; retries start when due. */
static struct history simulate(const struct retry_settings *settings, int64_t attempt_s)
{
    int64_t now_ms = QUEUED_MS + attempt_s * 1000;
    struct history history = {0};
    struct retry_plan plan = retry_plan(settings, QUEUED_MS, now_ms, 1);

    while (!plan.is_expired) {
        history.retries++;
        now_ms = plan.due_ms + attempt_s * 1000;
        plan = retry_plan(settings, QUEUED_MS, now_ms, history.retries + 1);
    }
    history.gave_up_s = (now_ms - QUEUED_MS) / 1000;
    return history;
}

static struct retry_settings with_period(int64_t period_s)
{
    struct retry_settings settings = retry_defaults();

    settings.period_s = period_s;
    return settings;
}

static void test_s16_defaults(void **state)
{
    struct retry_settings settings = retry_defaults();
    struct err err;

    (void)state;
    assert_int_equal(settings.period_s, 86400);
    assert_int_equal(settings.kind, RETRY_EXPONENTIAL);
    assert_int_equal(settings.a_s, 480);
    assert_int_equal(settings.b_s, -240);
    assert_int_equal(retry_check(&settings, &err), 0);
}

static const struct {
    int64_t interval_s, elapsed_s;
} GOLDEN[] = {
    {240, 240},    {720, 960},    {1200, 2160},  {1680, 3840},  {2160, 6000},  {2640, 8640},
    {3120, 11760}, {3600, 15360}, {4080, 19440}, {4560, 24000}, {5040, 29040}, {5520, 34560},
    {6000, 40560}, {6480, 47040}, {6960, 54000}, {7440, 61440}, {7920, 69360}, {8400, 77760},
};
#define GOLDEN_COUNT (sizeof GOLDEN / sizeof *GOLDEN)

static void test_s18_golden_table(void **state)
{
    struct retry_settings settings = retry_defaults();
    int64_t now_ms = QUEUED_MS;

    (void)state;
    assert_int_equal(GOLDEN_COUNT, 18);
    for (uint32_t i = 0; i < GOLDEN_COUNT; i++) {
        struct retry_plan plan = retry_plan(&settings, QUEUED_MS, now_ms, i + 1);
        assert_false(plan.is_expired);
        assert_int_equal(plan.due_ms - now_ms, GOLDEN[i].interval_s * 1000);
        assert_int_equal(plan.due_ms - QUEUED_MS, GOLDEN[i].elapsed_s * 1000);
        now_ms = plan.due_ms;
    }
    assert_true(retry_plan(&settings, QUEUED_MS, now_ms, 19).is_expired);
}

static void test_s18_gives_up_at_77760_after_19_attempts(void **state)
{
    struct retry_settings settings = retry_defaults();
    struct history history = simulate(&settings, 0);

    (void)state;
    assert_int_equal(history.retries + 1, 19);
    assert_int_equal(history.gave_up_s, 77760);
}

static void test_s18_boundaries_of_the_period(void **state)
{
    static const struct {
        int64_t period_s;
        unsigned retries;
    } ROWS[] = {{77759, 17}, {77760, 18}, {86639, 18}, {86640, 19}};

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct retry_settings settings = with_period(ROWS[i].period_s);
        assert_int_equal(simulate(&settings, 0).retries, ROWS[i].retries);
    }
}

static void test_s18_attempts_that_take_time(void **state)
{
    struct retry_settings settings = retry_defaults();

    (void)state;
    assert_int_equal(simulate(&settings, 10).retries, 18);
    assert_int_equal(simulate(&settings, 10).gave_up_s, 77950);
    assert_int_equal(simulate(&settings, 480).retries, 18);
    assert_int_equal(simulate(&settings, 600).retries, 17);
}

static void test_s18_linear(void **state)
{
    struct retry_settings settings = {.kind = RETRY_LINEAR, .period_s = 3600, .a_s = 300};

    (void)state;
    assert_int_equal(simulate(&settings, 0).retries, 12);
    assert_int_equal(simulate(&settings, 2).retries, 11);
}

static void test_s13_equality_still_retries(void **state)
{
    struct retry_settings settings = {.kind = RETRY_LINEAR, .period_s = 3600, .a_s = 600};
    int64_t last_ms = QUEUED_MS + 3000 * 1000;

    (void)state;
    assert_false(retry_plan(&settings, QUEUED_MS, last_ms, 5).is_expired);
    assert_true(retry_plan(&settings, QUEUED_MS, last_ms + 1, 5).is_expired);
    assert_false(retry_is_overdue(&settings, QUEUED_MS, QUEUED_MS + 3600 * 1000));
    assert_true(retry_is_overdue(&settings, QUEUED_MS, QUEUED_MS + 3600 * 1000 + 1));
}

static void test_s13_a_clock_that_went_back_does_not_expire(void **state)
{
    struct retry_settings settings = retry_defaults();

    (void)state;
    assert_false(retry_is_overdue(&settings, QUEUED_MS, QUEUED_MS - 1));
    assert_false(retry_plan(&settings, QUEUED_MS, QUEUED_MS - 5000, 1).is_expired);
}

static void test_s15_hostile_records_saturate(void **state)
{
    struct retry_settings settings = retry_defaults();

    (void)state;
    assert_true(retry_plan(&settings, 0, INT64_MAX, UINT32_MAX).is_expired);
    assert_true(retry_plan(&settings, INT64_MIN, INT64_MAX / 2, 1).is_expired);
    assert_true(retry_plan(&settings, 0, 0, UINT32_MAX).is_expired);
    assert_true(retry_is_overdue(&settings, INT64_MIN, INT64_MAX));
    assert_false(retry_is_overdue(&settings, INT64_MAX, INT64_MIN));
    /* a retry number of zero was never written by us: taken as the first */
    assert_int_equal(retry_plan(&settings, 0, 0, 0).due_ms, 240 * 1000);
}

static const struct {
    struct retry_settings settings;
    bool is_valid;
} CHECKS[] = {
    {{RETRY_LINEAR, 59, 10, 0}, false}, /* S12 */
    {{RETRY_LINEAR, 60, 10, 0}, true},
    {{RETRY_LINEAR, 604800, 10, 0}, true},
    {{RETRY_LINEAR, 604801, 10, 0}, false},
    {{RETRY_LINEAR, 3600, 0, 0}, false}, /* S14 */
    {{RETRY_LINEAR, 3600, 1, 0}, true},
    {{RETRY_LINEAR, 3600, 3599, -9}, true},
    {{RETRY_LINEAR, 3600, 3600, 0}, false},
    {{RETRY_EXPONENTIAL, 3600, 480, -480}, false}, /* S15 */
    {{RETRY_EXPONENTIAL, 3600, 480, -479}, true},
    {{RETRY_EXPONENTIAL, 3600, 0, 1}, true},
    {{RETRY_EXPONENTIAL, 3600, -1, 300}, false},
    {{RETRY_EXPONENTIAL, 3600, 3600, 0}, false},
    {{RETRY_EXPONENTIAL, 3600, 3600, -1}, true},
    {{RETRY_EXPONENTIAL, 3600, INT64_MAX, 1}, false},
    {{RETRY_EXPONENTIAL, 3600, 1, INT64_MIN}, false},
    {{RETRY_EXPONENTIAL, 3600, 1, INT64_MAX}, false},
};

static void test_s12_s14_s15_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CHECKS / sizeof *CHECKS; i++) {
        struct err err = {ERR_NONE, ""};
        int result = retry_check(&CHECKS[i].settings, &err);
        if ((result == 0) != CHECKS[i].is_valid)
            fail_msg("row %zu: %s", i, err.text);
        assert_int_equal(err.kind, CHECKS[i].is_valid ? ERR_NONE : ERR_INVALID);
    }
}

static void test_s15_the_sentence_says_what_is_wrong_and_what_is_allowed(void **state)
{
    struct retry_settings settings = {RETRY_EXPONENTIAL, 3600, 480, -480};
    struct err err;

    (void)state;
    assert_int_equal(retry_check(&settings, &err), -1);
    assert_string_equal(err.text, "retry interval a + b is 0 s: exponential wants "
                                  "0 < a + b < period (3600 s)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s16_defaults),
        cmocka_unit_test(test_s18_golden_table),
        cmocka_unit_test(test_s18_gives_up_at_77760_after_19_attempts),
        cmocka_unit_test(test_s18_boundaries_of_the_period),
        cmocka_unit_test(test_s18_attempts_that_take_time),
        cmocka_unit_test(test_s18_linear),
        cmocka_unit_test(test_s13_equality_still_retries),
        cmocka_unit_test(test_s13_a_clock_that_went_back_does_not_expire),
        cmocka_unit_test(test_s15_hostile_records_saturate),
        cmocka_unit_test(test_s12_s14_s15_bounds),
        cmocka_unit_test(test_s15_the_sentence_says_what_is_wrong_and_what_is_allowed),
    };

    return cmocka_run_group_tests_name("profile/retry", tests, NULL, NULL);
}
