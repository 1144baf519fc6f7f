/* SPDX-License-Identifier: Apache-2.0
 * What the event topic tells about one mail: its own events, and those of another mail that name it
 * as the report about that one (or as the report's copy). */
#pragma once

#include "bus/scan.h"
#include "ctl/event_read.h"

struct history {
    const char *mail_id;
    struct event_read *events; /* by time once history_sort was called; each once */
    size_t count, room;
    uint64_t records;             /* of the topic, looked at */
    int64_t oldest_ms, newest_ms; /* of storing the first and the last of them; 0: there is none */
};

/* mail_id: the caller's, as long as the history. */
void history_init(struct history *history, const char *mail_id);
void history_clear(struct history *history);
/* A record of the event topic. */
void history_on_record(struct history *history, const struct bus_delivery *delivery);
void history_sort(struct history *history);
