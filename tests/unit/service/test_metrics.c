/* SPDX-License-Identifier: Apache-2.0
 * Series: found again, bounded. */
#include "unit/service/cases.h"

#include "service/metrics_cells.h"

static void test_series_is_found_again(void **state)
{
    struct metrics *metrics = metrics_new();
    struct metric_cell *cell =
        metrics_cell(metrics, METRIC_EVENTS, METRIC_LABELS("accepted", "ok"));

    (void)state;
    assert_ptr_equal(cell, metrics_cell(metrics, METRIC_EVENTS, METRIC_LABELS("accepted", "ok")));
    assert_ptr_not_equal(cell,
                         metrics_cell(metrics, METRIC_EVENTS, METRIC_LABELS("accepte", "dok")));
    metric_add(cell, 2);
    metrics_add(metrics, METRIC_EVENTS, METRIC_LABELS("accepted", "ok"), 3);
    assert_int_equal(atomic_load(&cell->value), 5);
    metric_set(cell, -1);
    assert_int_equal(atomic_load(&cell->value), -1);
    metrics_free(&metrics);
    assert_null(metrics);
    metrics_free(&metrics);
}

static void test_observations_fall_into_buckets(void **state)
{
    struct metrics *metrics = metrics_new();
    struct metric_cell *cell = metrics_cell(metrics, METRIC_INGRESS_SIZE, METRIC_NO_LABELS);

    (void)state;
    metric_observe(cell, 1);
    metric_observe(cell, 1024); /* the bound belongs to its bucket */
    metric_observe(cell, 1025);
    metric_observe(cell, 1e12);
    assert_int_equal(cell->bounds->count, 8);
    assert_int_equal(atomic_load(&cell->buckets[0]), 2);
    assert_int_equal(atomic_load(&cell->buckets[1]), 1);
    assert_int_equal(atomic_load(&cell->buckets[8]), 1);
    assert_int_equal(atomic_load(&cell->value), 4);
    metrics_free(&metrics);
}

static void test_too_many_series_are_folded_and_counted(void **state)
{
    struct metrics *metrics = metrics_new();
    struct metric_cell *dropped =
        metrics_cell(metrics, METRIC_SERIES_DROPPED, METRIC_LABELS("dead_records_total"));
    char reason[16];

    (void)state;
    for (int i = 0; i < METRIC_SERIES_MAX + 5; i++) {
        (void)snprintf(reason, sizeof reason, "r%d", i);
        metrics_add(metrics, METRIC_DEAD, METRIC_LABELS("work", reason), 1);
    }
    struct metric_cell *other = metrics_cell(metrics, METRIC_DEAD, METRIC_LABELS("other", "other"));
    assert_int_equal(atomic_load(&other->value), 5);
    assert_int_equal(atomic_load(&dropped->value), 5);
    metrics_add(metrics, METRIC_DEAD, METRIC_LABELS("work", "r0"), 1);
    assert_int_equal(atomic_load(&dropped->value), 5);
    metrics_free(&metrics);
}

static bool shows(struct metrics *metrics, const char *line)
{
    struct buf page = {0};

    metrics_expose(&metrics, 1, &page);
    bool is_there = strstr(buf_str(&page), line) != NULL;
    buf_free(&page);
    return is_there;
}

/* Without it the first refused reload, or the first dead record, raises no alert. */
static void test_what_alerts_wait_for_begins_at_zero(void **state)
{
    struct metrics *process = metrics_new(), *sender = metrics_new();

    (void)state;
    metrics_add(sender, METRIC_SENDER_BLOCKED, METRIC_NO_LABELS, 7);
    metrics_zero(process, "process");
    metrics_zero(sender, "sender");
    assert_true(shows(process, "\nhikyaku_config_reload_total{result=\"refused\"} 0\n"));
    assert_false(shows(process, "hikyaku_dead_records_total{"));
    assert_true(shows(sender, "\nhikyaku_dead_records_total{topic=\"work\",reason=\"body\"} 0\n"));
    assert_true(shows(sender, "\nhikyaku_sender_blocked_total 7\n"));
    assert_false(shows(sender, "hikyaku_bouncer_double_bounces_total"));
    metrics_free(&process);
    metrics_free(&sender);
}

static void test_without_metrics_counting_returns_at_once(void **state)
{
    struct metric_cell *cell = metrics_cell(NULL, METRIC_EVENTS, METRIC_LABELS("accepted", "ok"));
    const struct durations durations = {0};

    (void)state;
    assert_null(cell);
    metric_add(cell, 1);
    metric_set(cell, 1);
    metric_observe(cell, 1);
    metric_set_durations(cell, &durations);
    metrics_add(NULL, METRIC_DEAD, METRIC_LABELS("work", "body"), 1);
    metrics_set(NULL, METRIC_READY, METRIC_LABELS("sender"), 1);
}

CASES_RUN(CASE(test_without_metrics_counting_returns_at_once), CASE(test_series_is_found_again),
          CASE(test_observations_fall_into_buckets),
          CASE(test_too_many_series_are_folded_and_counted),
          CASE(test_what_alerts_wait_for_begins_at_zero))
