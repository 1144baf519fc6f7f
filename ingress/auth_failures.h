/* SPDX-License-Identifier: Apache-2.0
 * Who fails to log in too often has to wait: failures by client address (IPv6: by /64), over all
 * connections of this process. Bounded: the address that failed longest ago is forgotten first.
 * Pure; the clock is the caller's. */
#pragma once

#include "base/net_address.h"

#define AUTH_FAILURES_CLIENTS_MAX 4096

struct auth_failures;

struct auth_failures_limit {
    uint64_t count;     /* of failures; 0: no limit */
    uint64_t period_ms; /* from the first of them */
};

struct auth_failures *auth_failures_new(const struct auth_failures_limit *limit);
void auth_failures_note(struct auth_failures *failures, const struct net_address *client,
                        uint64_t now_ms);
/* Until the period of the client's first failure is over. */
bool auth_failures_are_too_many(const struct auth_failures *failures,
                                const struct net_address *client, uint64_t now_ms);
/* NULL accepted, NULL set. */
void auth_failures_free(struct auth_failures **failures);
