/* SPDX-License-Identifier: Apache-2.0
 * Settings of the sender: sections "sender" (one struct), "routes" (a list) and "dns" (struct
 * dns_settings of lib/dns). Strings live as long as the configuration. */
#pragma once

#include "base/slice.h"
#include "conf/conf.h"
#include "dns/resolver.h"

enum sender_tls { SENDER_TLS_NONE, SENDER_TLS_OPPORTUNISTIC, SENDER_TLS_REQUIRED };
extern const char *const SENDER_TLS_NAMES[]; /* NULL-terminated, in the order of the enum */

struct sender_settings {
    const char *hostname;       /* EHLO name, and our own name for loop detection (C4) */
    const char *source_address; /* "" the system chooses */
    int64_t tls;                /* enum sender_tls */
    int64_t port;               /* of MX hosts */
    bool allow_private_targets; /* C5 */
    int64_t in_flight_max;      /* parcels */
    int64_t body_budget_bytes;
    int64_t destination_share_percent;
    int64_t park_after_s;
    int64_t connections_max;
    int64_t connections_per_destination;
    int64_t mails_per_connection;
    int64_t addresses_max; /* tried per attempt (C3) */
    /* Deadlines, by what is waited for (docs/smtp.md section 5). */
    int64_t connect_timeout_s, greeting_timeout_s, tls_timeout_s, command_timeout_s;
    int64_t data_timeout_s, block_timeout_s, dot_timeout_s;
};

struct sender_route {   /* one element of "routes" */
    const char *domain; /* lower case, or "*" */
    const char *const *hosts;
};

extern const struct conf_section SENDER_SECTION, ROUTES_SECTION, DNS_SECTION;

/* "host", "host:port", "192.0.2.1:25" or "[2001:db8::1]:25" cut in two; *ret_port stays as it is
 * when the text names none. False: not well-formed. */
bool route_host_split(struct slice text, struct slice *ret_host, uint16_t *ret_port);
