/* SPDX-License-Identifier: Apache-2.0
 * Where to connect next: the places that setting `address` lists, in order, and all addresses of a
 * name, looked up anew in each round. Not for other folders. */
#pragma once

#include "base/err.h"
#include "base/net_address.h"
#include "net/loop.h"

struct redis_nodes;

struct redis_node {
    const char *path; /* of a unix socket; NULL: ip */
    struct net_address ip;
    const char *host; /* as the setting has it: what a certificate is for. Lives with the nodes */
};

/* One of them after each redis_nodes_next, never from inside. */
struct redis_nodes_ops {
    void (*on_next)(void *owner, const struct redis_node *node);
    void (*on_none)(void *owner, const char *why); /* a name that is not found */
};

/* "host:port,host:port" or "unix:/path". A host is a name, an IPv4 address or an [IPv6] one. */
MUST_CHECK int redis_nodes_check(const char *address, struct err *err);
/* The address has passed redis_nodes_check. */
struct redis_nodes *redis_nodes_new(struct loop *loop, const char *address,
                                    const struct redis_nodes_ops *ops, void *owner);
/* No callback any more. NULL accepted, NULL set. */
void redis_nodes_free(struct redis_nodes **nodes);
/* Not while an answer is awaited. */
void redis_nodes_next(struct redis_nodes *nodes);
/* The latest one has served: begin with it, looked up again, since its name may have moved. */
void redis_nodes_repeat(struct redis_nodes *nodes);
/* All have been tried. */
bool redis_nodes_is_round_over(const struct redis_nodes *nodes);
