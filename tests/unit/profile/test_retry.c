/* SPDX-License-Identifier: Apache-2.0
 * The golden table S18 with its boundaries, and the bounds of the settings (S10..S18). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/retry.h"

#define QUEUED_MS INT64_C(1457420514000)

#define NOMINAL RETRY_CHANCE_NONE

static struct retry_plan plan_of(const struct retry_settings *settings, int64_t now_ms,
                                 uint32_t number)
{
    return retry_plan(settings, QUEUED_MS, now_ms, number, NOMINAL);
}

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
    struct retry_plan plan = plan_of(settings, now_ms, 1);

    while (!plan.is_expired) {
        history.retries++;
        now_ms = plan.due_ms + attempt_s * 1000;
        plan = plan_of(settings, now_ms, history.retries + 1);
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
        struct retry_plan plan = plan_of(&settings, now_ms, i + 1);
        assert_false(plan.is_expired);
        assert_int_equal(plan.due_ms - now_ms, GOLDEN[i].interval_s * 1000);
        assert_int_equal(plan.due_ms - QUEUED_MS, GOLDEN[i].elapsed_s * 1000);
        now_ms = plan.due_ms;
    }
    assert_true(plan_of(&settings, now_ms, 19).is_expired);
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
    assert_false(plan_of(&settings, last_ms, 5).is_expired);
    assert_true(plan_of(&settings, last_ms + 1, 5).is_expired);
    assert_false(retry_is_overdue(&settings, QUEUED_MS, QUEUED_MS + 3600 * 1000));
    assert_true(retry_is_overdue(&settings, QUEUED_MS, QUEUED_MS + 3600 * 1000 + 1));
}

static void test_s13_a_clock_that_went_back_does_not_expire(void **state)
{
    struct retry_settings settings = retry_defaults();

    (void)state;
    assert_false(retry_is_overdue(&settings, QUEUED_MS, QUEUED_MS - 1));
    assert_false(plan_of(&settings, QUEUED_MS - 5000, 1).is_expired);
}

static void test_s15_hostile_records_saturate(void **state)
{
    struct retry_settings settings = retry_defaults();

    (void)state;
    assert_true(retry_plan(&settings, 0, INT64_MAX, UINT32_MAX, NOMINAL).is_expired);
    assert_true(retry_plan(&settings, INT64_MIN, INT64_MAX / 2, 1, NOMINAL).is_expired);
    assert_true(retry_plan(&settings, 0, 0, UINT32_MAX, NOMINAL).is_expired);
    assert_true(retry_is_overdue(&settings, INT64_MIN, INT64_MAX));
    assert_false(retry_is_overdue(&settings, INT64_MAX, INT64_MIN));
    /* a retry number of zero was never written by us: taken as the first */
    assert_int_equal(retry_plan(&settings, 0, 0, 0, NOMINAL).due_ms, 240 * 1000);
}

/* ---- ours: geometric, list, jitter ---- */

static void test_s14_linear_waits_are_constant_and_b_is_unused(void **state)
{
    struct retry_settings settings = {
        .kind = RETRY_LINEAR, .period_s = 86400, .a_s = 300, .b_s = 77};

    (void)state;
    for (uint32_t number = 1; number < 100; number++)
        assert_int_equal(plan_of(&settings, QUEUED_MS, number).due_ms, QUEUED_MS + 300 * 1000);
}

static void test_s15_exponential_waits_grow_by_a(void **state)
{
    struct retry_settings settings = {
        .kind = RETRY_EXPONENTIAL, .period_s = 86400, .a_s = 100, .b_s = -30};

    (void)state;
    for (uint32_t number = 1; number < 100; number++)
        assert_int_equal(plan_of(&settings, QUEUED_MS, number).due_ms,
                         QUEUED_MS + (100 * (int64_t)number - 30) * 1000);
}

static void check_waits(const struct retry_settings *settings, const int64_t *waits_ms,
                        size_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(plan_of(settings, QUEUED_MS, i + 1).due_ms - QUEUED_MS, waits_ms[i]);
}

static void test_geometric_waits_grow_by_a_factor_up_to_the_cap(void **state)
{
    static const int64_t DOUBLING_MS[] = {60000, 120000, 240000, 480000, 500000, 500000};
    static const int64_t SLOW_MS[] = {1000, 1010, 1020, 1030};
    struct retry_settings settings = {
        .kind = RETRY_GEOMETRIC, .period_s = 86400, .a_s = 60, .factor_percent = 200, .cap_s = 500};

    (void)state;
    check_waits(&settings, DOUBLING_MS, 6);
    assert_int_equal(plan_of(&settings, QUEUED_MS, UINT32_MAX).due_ms, QUEUED_MS + 500 * 1000);
    settings.a_s = 1;
    settings.factor_percent = 101;
    check_waits(&settings, SLOW_MS, 4);
    settings.cap_s = settings.period_s = 604800;
    assert_int_equal(plan_of(&settings, QUEUED_MS, UINT32_MAX).due_ms,
                     QUEUED_MS + INT64_C(604800) * 1000);
}

static void test_list_names_the_waits_and_repeats_the_last(void **state)
{
    static const int64_t WAITS_MS[] = {300000, 60000, 900000, 900000, 900000};
    struct retry_settings settings = {
        .kind = RETRY_LIST, .period_s = 86400, .list_s = {300, 60, 900}, .list_count = 3};

    (void)state;
    check_waits(&settings, WAITS_MS, 5);
    assert_int_equal(plan_of(&settings, QUEUED_MS, UINT32_MAX).due_ms, QUEUED_MS + 900 * 1000);
    assert_int_equal(plan_of(&settings, QUEUED_MS, 0).due_ms, QUEUED_MS + 300 * 1000);
}

static int64_t wait_of(const struct retry_settings *settings, uint32_t chance)
{
    return retry_plan(settings, QUEUED_MS, QUEUED_MS, 1, chance).due_ms - QUEUED_MS;
}

static void test_jitter_stays_in_its_range_and_is_a_function_of_the_chance(void **state)
{
    struct retry_settings settings = {
        .kind = RETRY_LINEAR, .period_s = 604800, .a_s = 1000, .jitter_percent = 20};

    (void)state;
    assert_int_equal(wait_of(&settings, 0), 800 * 1000);
    assert_int_equal(wait_of(&settings, NOMINAL / 2), 900 * 1000);
    assert_int_equal(wait_of(&settings, NOMINAL), 1000 * 1000);
    assert_int_equal(wait_of(&settings, UINT32_MAX), 1200 * 1000 - 1);
    settings.a_s = 604799;
    settings.jitter_percent = 50;
    assert_int_equal(wait_of(&settings, 0), 302399500);
    assert_true(retry_plan(&settings, QUEUED_MS, QUEUED_MS, 1, UINT32_MAX).is_expired);
}

static void test_s16_no_jitter_by_default(void **state)
{
    struct retry_settings settings = retry_defaults();

    (void)state;
    assert_int_equal(wait_of(&settings, 0), 240 * 1000);
    assert_int_equal(wait_of(&settings, UINT32_MAX), 240 * 1000);
}

/* ---- bounds ---- */

struct check_row {
    struct retry_settings settings;
    bool is_valid;
};

static void check_rows(const struct check_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = {ERR_NONE, ""};
        int result = retry_check(&rows[i].settings, &err);
        if ((result == 0) != rows[i].is_valid)
            fail_msg("row %zu: %s", i, err.text);
        assert_int_equal(err.kind, rows[i].is_valid ? ERR_NONE : ERR_INVALID);
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

#define LINEAR(period, a)                                                                          \
    {                                                                                              \
        .kind = RETRY_LINEAR, .period_s = (period), .a_s = (a)                                     \
    }
#define EXPONENTIAL(a, b)                                                                          \
    {                                                                                              \
        .kind = RETRY_EXPONENTIAL, .period_s = 3600, .a_s = (a), .b_s = (b)                        \
    }
#define GEOMETRIC(a, factor, cap)                                                                  \
    {                                                                                              \
        .kind = RETRY_GEOMETRIC, .period_s = 3600, .a_s = (a), .factor_percent = (factor),         \
        .cap_s = (cap)                                                                             \
    }
#define LIST(count, ...)                                                                           \
    {                                                                                              \
        .kind = RETRY_LIST, .period_s = 3600, .list_count = (count), .list_s = { __VA_ARGS__ }     \
    }
#define JITTER(percent)                                                                            \
    {                                                                                              \
        .kind = RETRY_LINEAR, .period_s = 3600, .a_s = 60, .jitter_percent = (percent)             \
    }

static void test_s12_period_is_60_to_604800(void **state)
{
    static const struct check_row ROWS[] = {
        {LINEAR(59, 10), false},
        {LINEAR(60, 10), true},
        {LINEAR(604800, 10), true},
        {LINEAR(604801, 10), false},
    };

    (void)state;
    CHECK_ROWS(ROWS);
}

static void test_s14_linear_wants_a_below_the_period(void **state)
{
    static const struct check_row ROWS[] = {
        {LINEAR(3600, -1), false},  {LINEAR(3600, 0), false},    {LINEAR(3600, 1), true},
        {LINEAR(3600, 3599), true}, {LINEAR(3600, 3600), false},
    };

    (void)state;
    CHECK_ROWS(ROWS);
}

static void test_s15_exponential_wants_a_plus_b_below_the_period(void **state)
{
    static const struct check_row ROWS[] = {
        {EXPONENTIAL(480, -480), false},    {EXPONENTIAL(480, -479), true},
        {EXPONENTIAL(0, 1), true},          {EXPONENTIAL(-1, 300), false},
        {EXPONENTIAL(3600, 0), false},      {EXPONENTIAL(3600, -1), true},
        {EXPONENTIAL(INT64_MAX, 1), false}, {EXPONENTIAL(1, INT64_MIN), false},
        {EXPONENTIAL(1, INT64_MAX), false},
    };

    (void)state;
    CHECK_ROWS(ROWS);
}

static void test_bounds_of_geometric_list_and_jitter(void **state)
{
    static const struct check_row ROWS[] = {
        {GEOMETRIC(60, 200, 600), true},
        {GEOMETRIC(60, 200, 60), true},
        {GEOMETRIC(60, 200, 59), false},
        {GEOMETRIC(60, 200, 604800), true},
        {GEOMETRIC(60, 200, 604801), false},
        {GEOMETRIC(60, 100, 600), false},
        {GEOMETRIC(60, 101, 600), true},
        {GEOMETRIC(60, 1000, 600), true},
        {GEOMETRIC(60, 1001, 600), false},
        {GEOMETRIC(0, 200, 600), false},
        {GEOMETRIC(3599, 200, 3600), true},
        {GEOMETRIC(3600, 200, 3600), false},
        {LIST(1, 60), true},
        {LIST(0, 60), false},
        {LIST(2, 60, 3599), true},
        {LIST(2, 60, 3600), false},
        {LIST(2, 60, 0), false},
        {LIST(RETRY_LIST_MAX + 1, 60), false},
        {JITTER(0), true},
        {JITTER(50), true},
        {JITTER(51), false},
        {JITTER(-1), false},
    };

    (void)state;
    CHECK_ROWS(ROWS);
}

static void check_sentence(struct retry_settings settings, const char *sentence)
{
    struct err err;

    assert_int_equal(retry_check(&settings, &err), -1);
    assert_string_equal(err.text, sentence);
}

static void test_s12_s15_the_sentence_says_what_is_wrong_and_what_is_allowed(void **state)
{
    (void)state;
    check_sentence((struct retry_settings)LINEAR(59, 10),
                   "retry period is 59 s: allowed are 60..604800");
    check_sentence((struct retry_settings)EXPONENTIAL(480, -480),
                   "retry interval a + b is 0 s: exponential wants 0 < a + b < period (3600 s)");
    check_sentence((struct retry_settings)GEOMETRIC(60, 100, 600),
                   "retry factor is 100 %: geometric wants 101..1000 (200 doubles)");
    check_sentence((struct retry_settings)GEOMETRIC(60, 200, 59),
                   "retry cap is 59 s: geometric wants a (60 s)..604800");
    check_sentence((struct retry_settings)LIST(2, 60, 3600),
                   "retry wait 2 is 3600 s: list wants 0 < wait < period (3600 s)");
    check_sentence((struct retry_settings)LIST(0, 60), "retry list has 0 waits: list wants 1..32");
    check_sentence((struct retry_settings)JITTER(51), "retry jitter is 51 %: allowed are 0..50");
}

/* S17: the shorter period gives its verdict earlier, after fewer attempts. */
static void test_s17_a_short_period_means_an_early_verdict(void **state)
{
    struct retry_settings day = with_period(86400), hour = with_period(3600);
    struct history late = simulate(&day, 0), early = simulate(&hour, 0);

    (void)state;
    assert_int_equal(early.retries, 3);
    assert_int_equal(early.gave_up_s, 2160);
    assert_true(early.retries < late.retries && early.gave_up_s < late.gave_up_s);
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
        cmocka_unit_test(test_s14_linear_waits_are_constant_and_b_is_unused),
        cmocka_unit_test(test_s15_exponential_waits_grow_by_a),
        cmocka_unit_test(test_geometric_waits_grow_by_a_factor_up_to_the_cap),
        cmocka_unit_test(test_list_names_the_waits_and_repeats_the_last),
        cmocka_unit_test(test_jitter_stays_in_its_range_and_is_a_function_of_the_chance),
        cmocka_unit_test(test_s16_no_jitter_by_default),
        cmocka_unit_test(test_s12_period_is_60_to_604800),
        cmocka_unit_test(test_s14_linear_wants_a_below_the_period),
        cmocka_unit_test(test_s15_exponential_wants_a_plus_b_below_the_period),
        cmocka_unit_test(test_bounds_of_geometric_list_and_jitter),
        cmocka_unit_test(test_s12_s15_the_sentence_says_what_is_wrong_and_what_is_allowed),
        cmocka_unit_test(test_s17_a_short_period_means_an_early_verdict),
    };

    return cmocka_run_group_tests_name("profile/retry", tests, NULL, NULL);
}
