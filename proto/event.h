/* SPDX-License-Identifier: Apache-2.0
 * Events of a mail's life as CloudEvents 1.0 structured JSON (the event topic, key mail id). One
 * event per parcel and kind, naming every recipient concerned; at-least-once, `id` is derived from
 * mail, parcel, attempt, kind and first recipient, so repeats are recognised. */
#pragma once

#include "base/buf.h"
#include "proto/delays.h"
#include "proto/record.h"

enum event_kind {
    EVENT_ACCEPTED,
    EVENT_DEFERRED,
    EVENT_DELIVERED,
    EVENT_FAILED,
    EVENT_EXPIRED,
    EVENT_BOUNCED,
    EVENT_BOUNCE_FORWARDED,
    EVENT_DOUBLE_BOUNCE,
    EVENT_SUPPRESSED,
    EVENT_KINDS
};

/* "accepted", ... */
const char *event_name(enum event_kind kind);

struct event {
    enum event_kind kind;
    const char *source; /* role: "ingress" */
    const char *pod;
    int64_t at_ms;
    const struct record_work *work; /* envelope, parcel id, attempt */
    /* Those concerned, at least one, each with its last reply; NULL: all of work. */
    const struct record_rcpt *const *rcpts;
    size_t rcpt_count;
    int64_t due_ms;          /* deferred: of the next attempt */
    struct slice dest_group; /* sender's; else empty */
    struct slice report_id;  /* bounced, bounce_forwarded */
    /* Of the sender's attempt; NULL: there was none. */
    const struct delays *delays;
};

void event_put(struct buf *out, const struct event *event);
