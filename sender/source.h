/* SPDX-License-Identifier: Apache-2.0
 * Which source address, proxy and EHLO name an attempt uses: those of the source pool of the
 * parcel's configuration, addresses in turn, whatever an earlier attempt used; and never again at
 * once the address that a blocklist was named for, where the pool has another one. */
#pragma once

#include "sender/connection.h"
#include "sender/parcel.h"

struct sources;

#define SOURCE_NUMBER_DEFAULT                                                                      \
    ((size_t)0) /* of the pool called "default"; below 1 + SOURCE_POOLS_MAX */

/* With the pool called "default" alone. The settings outlive it. */
struct sources *sources_new(const struct sender_settings *settings);
/* NULL accepted, NULL set. */
void sources_free(struct sources **sources);
/* Before the first mail, and again when the configurations are new. Of a pool's addresses those
 * count that this machine has, and all where a proxy connects from them; a pool without any, or
 * without the password it needs, is logged, and its mail waits. Copied. A proxy is another one
 * then, for kept connections. */
void sources_set_pools(struct sources *sources, const struct configurations *configurations,
                       struct log *log);

/* Of the pool of the parcel's configuration, until the configurations are new; and its name. */
size_t source_number(const struct parcel *parcel);
const char *source_pool_name(const struct parcel *parcel);

/* What the last attempt at any recipient used, when its reply named a blocklist; otherwise of
 * family AF_UNSPEC. */
struct net_address source_to_avoid(const struct parcel *parcel);
/* Sets source, proxy and EHLO name of the target (in the parcel's arena). False: the pool has no
 * address of the family of target->address. */
bool source_choose(const struct parcel *parcel, const struct net_address *avoided,
                   struct connection_target *target);
/* A connection to the parcel's destination, opened for mail of the same configuration, can carry it
 * as far as its source goes. */
bool source_serves(const struct parcel *parcel, const struct connection *connection);
