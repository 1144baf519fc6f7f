/* SPDX-License-Identifier: Apache-2.0
 * The only reader of the clocks. */
#include "net/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now); /* cannot fail for these two clocks */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return clock_wall_us() / 1000;
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

uint64_t clock_monotonic_us(void)
{
    return (uint64_t)read_us(CLOCK_MONOTONIC);
}
