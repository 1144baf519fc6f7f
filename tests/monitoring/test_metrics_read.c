/* SPDX-License-Identifier: Apache-2.0
 * Reading the exposition format back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "ctl/metrics_read.h"

static const char PAGE[] = "# HELP hikyaku_a_total Some.\n"
                           "# TYPE hikyaku_a_total counter\n"
                           "hikyaku_a_total{role=\"x\",result=\"ok\"} 7\n"
                           "hikyaku_a_total{role=\"y\",result=\"ok\"} 8\n"
                           "# TYPE hikyaku_h_seconds histogram\n"
                           "hikyaku_h_seconds_bucket{stage=\"dns\",le=\"1\"} 50\n"
                           "hikyaku_h_seconds_bucket{stage=\"dns\",le=\"2\"} 100\n"
                           "hikyaku_h_seconds_bucket{stage=\"dns\",le=\"+Inf\"} 100\n"
                           "hikyaku_h_seconds_sum{stage=\"dns\"} 110.5\n"
                           "hikyaku_h_seconds_count{stage=\"dns\"} 100\n"
                           "hikyaku_h_seconds_bucket{stage=\"queue\",le=\"1\"} 0\n"
                           "hikyaku_h_seconds_bucket{stage=\"queue\",le=\"+Inf\"} 1\n"
                           "hikyaku_h_seconds_sum{stage=\"queue\"} 9\n"
                           "hikyaku_h_seconds_count{stage=\"queue\"} 1\n"
                           "# TYPE hikyaku_g gauge\n"
                           "hikyaku_g -3\n";

static void test_series_are_gathered(void **state)
{
    struct arena *arena = arena_new(4096);
    struct metrics_page page;

    (void)state;
    metrics_read(arena, slice_str(PAGE), &page);
    assert_int_equal(page.count, 5);
    assert_true(slice_eq(page.series[1].labels, slice_str("role=\"y\",result=\"ok\"")));
    assert_int_equal(page.series[1].kind, METRICS_COUNTER);
    assert_true(page.series[1].value == 8);
    assert_int_equal(page.series[2].buckets, 3);
    assert_true(slice_eq(page.series[2].labels, slice_str("stage=\"dns\"")));
    assert_true(page.series[2].sum == 110.5);
    assert_true(page.series[3].value == 1);
    assert_true(page.series[4].value == -3);
    arena_free(&arena);
}

static void test_quantiles_lie_between_the_bounds(void **state)
{
    struct arena *arena = arena_new(4096);
    struct metrics_page page;

    (void)state;
    metrics_read(arena, slice_str(PAGE), &page);
    assert_true(metrics_quantile(&page.series[2], 0.5) == 1);
    assert_true(metrics_quantile(&page.series[2], 0.75) == 1.5);
    assert_true(metrics_quantile(&page.series[3], 0.99) == 1); /* above the last finite bound */
    arena_free(&arena);
}

static void test_foreign_text_is_left_out(void **state)
{
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "x",
                                        "x 1",
                                        "# TYPE",
                                        "# TYPE x",
                                        "{} 1",
                                        "# TYPE x histogram\nx_bucket{le=\"\n",
                                        "# TYPE x gauge\nx"};
    struct arena *arena = arena_new(4096);
    struct metrics_page page;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        metrics_read(arena, slice_str(texts[i]), &page);
        assert_int_equal(page.count, 0);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series_are_gathered),
        cmocka_unit_test(test_quantiles_lie_between_the_bounds),
        cmocka_unit_test(test_foreign_text_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
