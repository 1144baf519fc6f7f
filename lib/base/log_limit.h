/* SPDX-License-Identifier: Apache-2.0
 * How many lines of each event a log has had within this second, and how many it was spared. A
 * fixed table: events are words of our own, and few. For log.c only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LIMIT_EVENTS 32 /* those that come later share the last place, as "others" */

struct log_limit_event {
    const char *name;
    int64_t second; /* what the figures are about */
    uint64_t written, left_out;
};

struct log_limit { /* {0}: no limit */
    uint64_t per_second;
    struct log_limit_event events[LOG_LIMIT_EVENTS];
    size_t count;
    size_t owing; /* events that had lines left out which nobody was told of */
    uint64_t left_out;
};

/* Whether one more line of the event may be written. name lives as long as the table. */
bool log_limit_admits(struct log_limit *limit, const char *name, int64_t now_s);
/* An event whose second is over, with the lines it had left out: each is told once. NULL: none. */
const char *log_limit_owed(struct log_limit *limit, int64_t now_s, uint64_t *ret_left_out);
