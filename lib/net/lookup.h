/* SPDX-License-Identifier: Apache-2.0
 * Names of our own servers (Redis) to addresses, by the system's resolver: /etc/hosts and the
 * search domains of a cluster apply. Destinations of mail are lib/dns's, which needs DNSSEC and
 * knows no search domains. */
#pragma once

#include "base/net_address.h"
#include "net/loop.h"

struct net_lookup;

#define NET_LOOKUP_MAX 16 /* addresses of a name; more are not used */

struct net_lookup_ops {
    /* Exactly once, never from inside net_lookup_start, unless cancelled. In the resolver's order,
     * valid during the call; count 0: `why` is a sentence. The lookup is gone afterwards. */
    void (*on_found)(void *owner, const struct net_address *found, size_t count, const char *why);
};

/* On the thread pool; the loop goes on. host is copied. */
struct net_lookup *net_lookup_start(struct loop *loop, const char *host, uint16_t port,
                                    const struct net_lookup_ops *ops, void *owner);
/* Nobody is called any more. NULL accepted, NULL set. */
void net_lookup_cancel(struct net_lookup **lookup);
