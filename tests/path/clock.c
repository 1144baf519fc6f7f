/* SPDX-License-Identifier: Apache-2.0
 * See clock.h. */
#include "path/clock.h"

#include <time.h>

static int64_t set_back_us;

static int64_t read_us(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_set_back(int64_t by_ms)
{
    set_back_us = by_ms * 1000;
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME) - set_back_us;
}

int64_t clock_wall_ms(void)
{
    return clock_wall_us() / 1000;
}

uint64_t clock_monotonic_us(void)
{
    return (uint64_t)read_us(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}
