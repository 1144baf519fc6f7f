/* SPDX-License-Identifier: Apache-2.0
 * The exposition, byte for byte. */
#include "unit/service/cases.h"

#include <stdlib.h>

#include "service/metrics.h"

static void test_roles_are_added_up(void **state)
{
    struct metrics *roles[] = {metrics_new(), metrics_new()};
    struct buf out = {0};

    (void)state;
    metrics_add(roles[0], METRIC_DEAD, METRIC_LABELS("work", "crc"), 2);
    metrics_add(roles[1], METRIC_DEAD, METRIC_LABELS("work", "crc"), 3);
    metrics_add(roles[1], METRIC_DEAD, METRIC_LABELS("a\"b\\c\nd", ""), 1);
    metrics_set(roles[1], METRIC_SHARDS_OWNED, METRIC_NO_LABELS, 64);
    metrics_expose(roles, 2, &out);
    assert_string_equal(
        buf_str(&out),
        "# HELP hikyaku_dead_records_total Records on the dead topic: what could not be "
        "understood, had lost its body (body), or was a copy that nobody took (copy).\n"
        "# TYPE hikyaku_dead_records_total counter\n"
        "hikyaku_dead_records_total{topic=\"a\\\"b\\\\c\\nd\",reason=\"\"} 1\n"
        "hikyaku_dead_records_total{topic=\"work\",reason=\"crc\"} 5\n"
        "# HELP hikyaku_scheduler_shards_owned Timer partitions this scheduler owns.\n"
        "# TYPE hikyaku_scheduler_shards_owned gauge\n"
        "hikyaku_scheduler_shards_owned 64\n");
    buf_free(&out);
    metrics_free(&roles[0]);
    metrics_free(&roles[1]);
}

static void test_histogram_is_cumulative(void **state)
{
    struct metrics *roles[] = {metrics_new(), metrics_new()};
    struct buf out = {0};

    (void)state;
    metric_observe(metrics_cell(roles[0], METRIC_LOOP_LAG, METRIC_LABELS("x")), 0.5);
    metric_observe(metrics_cell(roles[0], METRIC_LOOP_LAG, METRIC_LABELS("x")), 0.25);
    metric_observe(metrics_cell(roles[1], METRIC_LOOP_LAG, METRIC_LABELS("x")), 100);
    metrics_expose(roles, 2, &out);
    assert_non_null(strstr(buf_str(&out),
                           "hikyaku_loop_lag_seconds_bucket{role=\"x\",le=\"0.1\"} 0\n"
                           "hikyaku_loop_lag_seconds_bucket{role=\"x\",le=\"0.5\"} 2\n"
                           "hikyaku_loop_lag_seconds_bucket{role=\"x\",le=\"1\"} 2\n"
                           "hikyaku_loop_lag_seconds_bucket{role=\"x\",le=\"5\"} 2\n"
                           "hikyaku_loop_lag_seconds_bucket{role=\"x\",le=\"+Inf\"} 3\n"
                           "hikyaku_loop_lag_seconds_sum{role=\"x\"} 100.75\n"
                           "hikyaku_loop_lag_seconds_count{role=\"x\"} 3\n"));
    buf_free(&out);
    metrics_free(&roles[0]);
    metrics_free(&roles[1]);
}

static void test_millionths_become_fractions(void **state)
{
    struct metrics *metrics = metrics_new();
    struct buf out = {0};

    (void)state;
    metrics_add(metrics, METRIC_PROCESS_CPU, METRIC_NO_LABELS, 12000345);
    metrics_set(metrics, METRIC_PROCESS_START, METRIC_NO_LABELS, 1795530000123456);
    metrics_expose(&metrics, 1, &out);
    assert_non_null(strstr(buf_str(&out), "# TYPE hikyaku_process_cpu_seconds_total counter\n"
                                          "hikyaku_process_cpu_seconds_total 12.000345\n"));
    assert_non_null(strstr(buf_str(&out),
                           "# TYPE hikyaku_process_start_time_seconds gauge\n"
                           "hikyaku_process_start_time_seconds 1795530000.123456\n"));
    buf_free(&out);
    metrics_free(&metrics);
}

static void test_names_follow_the_conventions(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    char *line, *rest;

    (void)state;
    metrics_print_catalogue(out);
    assert_int_equal(fclose(out), 0);
    rest = text;
    while ((line = strsep(&rest, "\n")) && *line) {
        const char *name = strsep(&line, "\t"), *type = strsep(&line, "\t");
        bool is_total = slice_ends_nocase(slice_str(name), SLICE("_total"));
        assert_int_equal(strcmp(type, "counter") == 0, is_total);
        assert_non_null(strsep(&line, "\t"));
        assert_true(line && line[strlen(line) - 1] == '.');
    }
    free(text);
}

CASES_RUN(CASE(test_roles_are_added_up), CASE(test_histogram_is_cumulative),
          CASE(test_millionths_become_fractions), CASE(test_names_follow_the_conventions))
