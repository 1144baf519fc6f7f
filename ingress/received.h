/* SPDX-License-Identifier: Apache-2.0
 * The Received header group of the settings (requirements S4..S9): what our hop adds to a mail.
 * Pure. A mode is one row of the table in received.c and one golden file. */
#pragma once

#include "base/buf.h"

enum received_mode { RECEIVED_ABBREVIATED, RECEIVED_MODES };

/* NULL-terminated, in the order of the enum, for the settings table. */
extern const char *const RECEIVED_MODE_NAMES[];

struct received_hop {
    struct slice helo;    /* as the client gave it: hostile */
    const char *hostname; /* ours */
    int64_t now_ms;
    int zone_minutes;
};

/* Appends the trace field, folded, CRLF-ended. */
void received_apply(struct buf *trace, enum received_mode mode, const struct received_hop *hop);
