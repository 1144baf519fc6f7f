/* SPDX-License-Identifier: Apache-2.0
 * Source pools: addresses that mail leaves from, the EHLO name that belongs to them (with the PTR
 * record, which is not ours), and the proxy through which it leaves, where there is one. Pure
 * values: whether an address is this machine's shows when a connection is bound to it. */
#pragma once

#include "base/net_address.h"
#include "conf/conf.h"

#define SOURCE_POOLS_MAX          32
#define SOURCE_POOL_ADDRESSES_MAX 64
#define SOURCE_PROXY_ADDRESS_MAX  260 /* octets: a name and a port */
#define SOURCE_PROXY_LOGIN_MAX    255 /* octets of a user name, and of a password (RFC 1929) */
#define SOURCE_POOL_DEFAULT       "default" /* no pool of this list: sender.source_address */

enum source_proxy_kind {
    SOURCE_PROXY_NONE,
    SOURCE_PROXY_SOCKS5,  /* the proxy chooses the address: the pool has none */
    SOURCE_PROXY_HAPROXY, /* it is told the pool's address in a PROXY header */
};

/* The list "source_pools": {name, addresses, ehlo, proxy, proxy_address, ...}. */
extern const struct conf_section SOURCE_POOLS_SECTION;

struct source_proxy {
    enum source_proxy_kind kind;
    const char *address;                  /* "host:port", good for net_host_split; "": no proxy */
    const char *username, *password_file; /* of SOCKS5; both "": no login */
};

struct source_pool {
    const char *name, *ehlo;
    struct source_proxy proxy;
    size_t index;                        /* in the list */
    const struct net_address *addresses; /* port 0 */
    size_t count;
};

struct source_pools { /* in the order of the list */
    const struct source_pool *items;
    size_t count;
};

/* A deep copy, in the arena. */
struct source_pools source_pools_read(const struct conf *conf, struct arena *arena);
/* NULL: there is none of that name. */
const struct source_pool *source_pools_find(const struct source_pools *pools, const char *name);
/* "default", or one that conf has: for a check_among of a setting that names one. */
bool source_pools_has(const struct conf *conf, const char *name);
/* The same, in the arena. */
struct source_proxy source_proxy_copy(const struct source_proxy *proxy, struct arena *arena);
/* The address of that family whose turn it is; turns go up by one. Not the avoided one (compared
 * without ports) where there is another. NULL: the pool has none of that family. */
const struct net_address *source_pool_pick(const struct source_pool *pool, sa_family_t family,
                                           size_t turn, const struct net_address *avoided);
