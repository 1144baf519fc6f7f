/* SPDX-License-Identifier: Apache-2.0
 * The Received header group of the settings (requirements S4..S9): what our hop adds to a mail and
 * what it deletes. Pure. A mode is one row of the table in received.c and one golden file. */
#pragma once

#include "base/buf.h"
#include "base/net_address.h"
#include "profile/configuration.h"

/* Where no Received field of ours tells of our hop, this one does (RFC 5321 6.3). */
#define RECEIVED_LOOP_FIELD "X-Hikyaku-Loop"

struct received_hop {
    struct slice helo;    /* as the client gave it: hostile */
    const char *hostname; /* ours */
    const struct net_address *client, *local;
    int64_t now_ms;
    int zone_minutes;
};

/* Appends the one field our hop adds, folded, CRLF-ended. */
void received_apply(struct buf *trace, enum received_mode mode, const struct received_hop *hop);
/* Hops a header block tells of, ours of every mode included (S9: asked before anything is deleted).
 */
size_t received_hops(struct slice header);
/* What the mode leaves of a mail: remove_all deletes every Received field of its header, in place,
 * and touches no other octet. Returns how many octets went. */
size_t received_strip(struct buf *mail, enum received_mode mode);
