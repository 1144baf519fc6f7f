/* SPDX-License-Identifier: Apache-2.0
 * Source pools: local addresses that mail leaves from, and the EHLO name that belongs to them (with
 * the PTR record, which is not ours). Pure values: whether an address is this machine's shows when
 * a connection is bound to it. */
#pragma once

#include "base/net_address.h"
#include "conf/conf.h"

#define SOURCE_POOLS_MAX          32
#define SOURCE_POOL_ADDRESSES_MAX 64
#define SOURCE_POOL_DEFAULT       "default" /* no pool of this list: sender.source_address */

/* The list "source_pools": {name, addresses, ehlo}. */
extern const struct conf_section SOURCE_POOLS_SECTION;

struct source_pool {
    const char *name, *ehlo;
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
/* The address of that family whose turn it is; turns go up by one. Not the avoided one (compared
 * without ports) where there is another. NULL: the pool has none of that family. */
const struct net_address *source_pool_pick(const struct source_pool *pool, sa_family_t family,
                                           size_t turn, const struct net_address *avoided);
