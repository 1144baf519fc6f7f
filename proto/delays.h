/* SPDX-License-Identifier: Apache-2.0
 * Where the time of one attempt went, stage by stage: measured once by the sender, told alike by
 * its log line, its event, its histogram and hikyakuctl. Reads no clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum delay {
    DELAY_QUEUE,    /* at the sender, for a slot of the destination; then for content on the log */
    DELAY_DNS,      /* for hosts and addresses, where DNS was asked */
    DELAY_CONNECT,  /* TCP, greeting and hello, without TLS */
    DELAY_TLS,      /* from STARTTLS' 220 to the end of the handshake */
    DELAY_TRANSMIT, /* from MAIL to the reply that decides */
    DELAYS
};

/* Zero-initialised: no stage happened. What was done more than once in an attempt (hosts,
 * addresses, connections, transactions) is a sum. */
struct delays {
    bool has[DELAYS];
    uint64_t ms[DELAYS];
};

/* "queue", ...: the member of `delays`, and the histogram's label. */
const char *delay_name(enum delay delay);
void delays_add(struct delays *delays, enum delay delay, uint64_t ms);
/* A stage happened. */
bool delays_has_any(const struct delays *delays);
uint64_t delays_total_ms(const struct delays *delays);
