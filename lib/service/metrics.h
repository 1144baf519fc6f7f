/* SPDX-License-Identifier: Apache-2.0
 * Metrics from one table (service/metrics.def): counters, gauges, histograms with finite labels.
 * One struct metrics per role and thread; the ops port adds the roles' cells up when it is scraped
 * (cells are relaxed atomics). Names are hikyaku_<name>; counters end in _total. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/durations.h"

/* The cells of MICRO types hold millionths of the base unit: fractions without floating point. */
enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_MICRO_COUNTER,
    METRIC_MICRO_GAUGE,
};

enum metric {
#define METRIC(id, type, name, labels, buckets, help) METRIC_##id,
#include "service/metrics.def"
#undef METRIC
    METRIC_COUNT
};

struct metrics;
struct metric_cell; /* one series; a stable pointer for hot paths */

/* Instead of one, NULL is accepted everywhere below: nothing is counted, and the series are NULL.
 */
struct metrics *metrics_new(void);
void metrics_free(struct metrics **metrics);
/* The series with these label values (as many as the table names, NULL-terminated array, copied).
 * Beyond 1000 series of a metric: one overflow series with "other" everywhere, counted in
 * hikyaku_metrics_series_dropped_total. */
struct metric_cell *metrics_cell(struct metrics *metrics, enum metric metric,
                                 const char *const *values);
/* A series of NULL: does nothing. */
void metric_add(struct metric_cell *cell, uint64_t n);
/* Gauges; and counters that somebody else keeps since start (bus_stats). */
void metric_set(struct metric_cell *cell, int64_t value);
/* Histograms: value in the table's base unit (seconds, bytes). */
void metric_observe(struct metric_cell *cell, double value);
/* A histogram over DURATIONS_TEXT that somebody else keeps since start. */
void metric_set_durations(struct metric_cell *cell, const struct durations *durations);
/* Shorthands for rare events: find the series and change it. */
void metrics_add(struct metrics *metrics, enum metric metric, const char *const *values,
                 uint64_t n);
void metrics_set(struct metrics *metrics, enum metric metric, const char *const *values,
                 int64_t value);
#define METRIC_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define METRIC_NO_LABELS   ((const char *const[]){NULL})

/* Lets the counters that alerts watch for their first event begin at 0. part: a role, or "process".
 */
void metrics_zero(struct metrics *metrics, const char *part);

/* The text exposition (version 0.0.4) of several roles' metrics added up. */
void metrics_expose(struct metrics *const *roles, size_t count, struct buf *out);
/* The catalogue: --dump-metrics (name, type, labels, help; tab-separated) and docs/metrics.md. */
void metrics_print_catalogue(FILE *out);
void metrics_print_reference(FILE *out);
