/* SPDX-License-Identifier: Apache-2.0
 * An event of the event topic (proto/event.h), read back. Events are hostile: whatever does not
 * have the expected form is not an event. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/delays.h"

/* Strings are the JSON tree's; never NULL. */
struct event_read {
    json_t *root; /* the owner's: json_decref */
    const char *id, *kind, *time, *mail_id, *parcel_id, *pod, *due, *report_id;
    int64_t attempt, created_ms;
    bool is_report, is_copy;
    json_t *recipients; /* an array of objects: index, to, reason, code, ... */
    json_t *delays;     /* NULL: no attempt was made */
};

/* False: not an event of ours. */
bool event_read(struct slice value, struct event_read *ret_event);
/* RFC 3339 UTC with ms, as event_put writes it; 0 when it is not one. */
int64_t event_read_time(const char *text);
/* Of a member `delays`; stages without a credible number are left out. */
struct delays event_read_delays(const json_t *object);
/* A text of an object; "" when there is none. */
const char *event_read_text(const json_t *object, const char *name);
