/* SPDX-License-Identifier: Apache-2.0
 * The text exposition format 0.0.4, read back: one series per line, histograms gathered. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

#define METRICS_BUCKETS_MAX 20

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

struct metrics_series {
    struct slice name, labels; /* labels: what is between the braces, without le */
    enum metrics_kind kind;
    double value;                                                 /* histogram: observations */
    double sum;                                                   /* histogram */
    double upper[METRICS_BUCKETS_MAX], upto[METRICS_BUCKETS_MAX]; /* cumulative */
    unsigned buckets;
};

struct metrics_page {
    struct metrics_series *series; /* the arena's, in the order of the page */
    size_t count;
};

/* Lines that are not understood are left out. The slices point into text. */
void metrics_read(struct arena *arena, struct slice text, struct metrics_page *ret_page);
/* The series with that name and labels; NULL: none. */
const struct metrics_series *metrics_find(const struct metrics_page *page,
                                          const struct metrics_series *like);
/* Below it lies that share of the observations, between two bounds in proportion; the last finite
 * bound for what is above it. */
double metrics_quantile(const struct metrics_series *series, double share);
