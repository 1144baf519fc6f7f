/* SPDX-License-Identifier: Apache-2.0
 * The destination a parcel goes to. Part of the contract between nodes: all must agree. */
#pragma once

#include "base/arena.h"

struct record_copy {   /* BCC: where the copy of a mail goes */
    struct slice host; /* a host name or an IP address; empty: no copy */
    uint32_t port;     /* 1..65535, 0 without a host */
};

/* The destination of a recipient: its domain, lower case, into the arena ("" for postmaster). */
struct slice record_destination(struct arena *arena, struct slice address);
/* The destination of a copy, "host:port", into the arena: no domain has a colon. */
struct slice record_copy_destination(struct arena *arena, const struct record_copy *copy);
