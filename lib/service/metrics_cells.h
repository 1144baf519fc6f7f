/* SPDX-License-Identifier: Apache-2.0
 * What metrics.c and metrics_expose.c share. One thread writes a struct metrics, the ops port's
 * thread reads it meanwhile: series are only ever added, in front of a list with an atomic head,
 * and every figure is a relaxed atomic. Not for other folders. */
#pragma once

#include <stdatomic.h>

#include "base/map.h"
#include "service/metrics.h"

#define METRIC_BUCKETS_MAX 16
#define METRIC_SERIES_MAX  1000

struct metric_row { /* of the table */
    const char *name, *labels, *buckets, *help;
    enum metric_type type;
};

struct metric_bounds {
    double upper[METRIC_BUCKETS_MAX];
    unsigned count;
};

struct metric_cell {
    struct map_node node; /* key: the label values, each followed by a NUL; owner's thread only */
    struct metric_cell *next;
    struct slice labels; /* the same bytes */
    const struct metric_bounds *bounds;
    _Atomic int64_t value;                            /* counter, gauge; histogram: observations */
    _Atomic double sum;                               /* histogram */
    _Atomic uint64_t buckets[METRIC_BUCKETS_MAX + 1]; /* histogram: not cumulative, last +Inf */
};

struct metric_family {
    struct map series; /* owner's thread only */
    _Atomic(struct metric_cell *) first;
    struct metric_bounds bounds;
};

struct metrics {
    struct metric_family families[METRIC_COUNT];
};

const struct metric_row *metric_row(enum metric metric);
const char *metric_type_name(enum metric_type type);
