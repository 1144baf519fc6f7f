/* SPDX-License-Identifier: Apache-2.0
 * Sums by stage. */
#include "proto/delays.h"

static const char *const NAMES[DELAYS] = {
    [DELAY_QUEUE] = "queue", [DELAY_DNS] = "dns",           [DELAY_CONNECT] = "connect",
    [DELAY_TLS] = "tls",     [DELAY_TRANSMIT] = "transmit",
};

const char *delay_name(enum delay delay)
{
    return NAMES[delay];
}

void delays_add(struct delays *delays, enum delay delay, uint64_t ms)
{
    delays->has[delay] = true;
    delays->ms[delay] += ms;
}

bool delays_has_any(const struct delays *delays)
{
    bool has_any = false;

    for (enum delay delay = 0; delay < DELAYS; delay++)
        has_any |= delays->has[delay];
    return has_any;
}

uint64_t delays_total_ms(const struct delays *delays)
{
    uint64_t total_ms = 0;

    for (enum delay delay = 0; delay < DELAYS; delay++)
        total_ms += delays->ms[delay];
    return total_ms;
}
