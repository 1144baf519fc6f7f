/* SPDX-License-Identifier: Apache-2.0
 * One pass over the hosts of a destination and their addresses (C1, C3): asks route.c host by host
 * and yields the addresses one by one, as many as the settings allow. Connects to nothing. */
#pragma once

#include "sender/finding.h"
#include "sender/pool.h"

enum host_walk_step {
    HOST_WALK_ADDRESS, /* *ret_target is the next one to try */
    HOST_WALK_ASKED,   /* DNS was asked: on_more comes, then call again */
    HOST_WALK_END,     /* nothing is left */
};

/* Embedded, zero-initialised but for the first three. */
struct host_walk {
    struct parcel *parcel;
    void *owner;
    void (*on_more)(void *owner);
    /* Why no address came of what was looked at so far, the gravest last: a temporary failure is
     * never replaced by a permanent one. */
    struct finding trouble;
    bool has_trouble;
    /* the walk's */
    struct route_query query;
    struct route_hosts hosts;
    struct route_addresses addresses;
    size_t next_host, next_address;
    int64_t tried;
    uint64_t asked_ms;
    bool has_hosts, is_asking, used_dns;
};

/* ret_target->host lives in the parcel's arena; source and EHLO name are not set. Once hosts are
 * known, the parcel's group is theirs. */
enum host_walk_step host_walk_next(struct host_walk *walk, struct connection_target *ret_target);
void host_walk_note(struct host_walk *walk, const struct finding *trouble);
/* on_more will not come. */
void host_walk_stop(struct host_walk *walk);
