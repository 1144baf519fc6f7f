/* SPDX-License-Identifier: Apache-2.0
 * How long something took, counted in buckets. The bounds are the same wherever libraries count, so
 * that a histogram metric (its row has DURATIONS_TEXT as buckets) takes the figures over as they
 * are. Adding costs some comparisons: no clock, no lock, no memory. For one thread. */
#pragma once

#include <stdint.h>

/* Upper bounds in seconds, inclusive. Written without spaces: DURATIONS_TEXT is this line. */
/* clang-format off */
#define DURATIONS_BOUNDS 0.0001,0.0002,0.0005,0.001,0.002,0.005,0.01,0.02,0.05,0.1,0.2,0.5,1,2,5
/* clang-format on */
#define DURATIONS_BUCKETS 16 /* one per bound, and one above them all */

#define DURATIONS_QUOTE(...)   #__VA_ARGS__
#define DURATIONS_TEXT_OF(...) DURATIONS_QUOTE(__VA_ARGS__)
#define DURATIONS_TEXT         DURATIONS_TEXT_OF(DURATIONS_BOUNDS)

struct durations {                       /* zero-initialised: nothing yet */
    uint64_t buckets[DURATIONS_BUCKETS]; /* not cumulative */
    uint64_t sum_us;
};

void durations_add(struct durations *durations, uint64_t took_us);
/* How often something was added. */
uint64_t durations_count(const struct durations *durations);
