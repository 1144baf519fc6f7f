/* SPDX-License-Identifier: Apache-2.0
 * dns/resolver.h from a table, for tests: link resolver_fake instead of dns. Names that are not in
 * the table answer DNS_NXDOMAIN. Answers come at the end of the loop turn. */
#pragma once

#include "dns/resolver.h"

struct resolver_fake_row {
    const char *name;
    bool is_mx; /* of the MX lookup; otherwise of the address lookup */
    enum dns_status status;
    /* When found: "10 mx1.test, 20 mx2.test" or "192.0.2.1, 2001:db8::1". */
    const char *data;
};

/* rows outlive the resolver; the last one has no name. */
struct resolver *resolver_fake_new(struct loop *loop, const struct resolver_fake_row *rows);
/* Lookups answered so far, and under way. */
size_t resolver_fake_answered(const struct resolver *resolver);
size_t resolver_fake_waiting(const struct resolver *resolver);
