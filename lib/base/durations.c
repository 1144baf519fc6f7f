/* SPDX-License-Identifier: Apache-2.0
 * The bounds as numbers. */
#include "base/durations.h"

#define US_PER_S 1e6

static const double BOUNDS[] = {DURATIONS_BOUNDS};

_Static_assert(sizeof BOUNDS / sizeof *BOUNDS == DURATIONS_BUCKETS - 1,
               "one bucket above them all");

void durations_add(struct durations *durations, uint64_t took_us)
{
    double took_s = (double)took_us / US_PER_S;
    unsigned i = 0;

    while (i < DURATIONS_BUCKETS - 1 && took_s > BOUNDS[i])
        i++;
    durations->buckets[i]++;
    durations->sum_us += took_us;
}

uint64_t durations_count(const struct durations *durations)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < DURATIONS_BUCKETS; i++)
        count += durations->buckets[i];
    return count;
}
