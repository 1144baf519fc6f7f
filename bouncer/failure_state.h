/* SPDX-License-Identifier: Apache-2.0
 * struct failure, shared by the files that work on one: failure.c (its steps), failure_note.c
 * (what is logged and counted). */
#pragma once

#include "bouncer/content.h"
#include "bouncer/decide.h"
#include "bouncer/original.h"
#include "bouncer/publish.h"
#include "bouncer/role.h"
#include "proto/event.h"

#define FAILURE_EVENTS_MAX  3
#define FAILURE_REPORTS_MAX 2

/* To the rewritten envelope From; then, where it is forwarded, a copy to the original one. */
struct failure_report {
    struct slice target;
    char id[ID_LEN + 1];
    size_t bytes;
    struct publication publication;
};

struct failure {
    struct list_node node; /* bouncer->working or bouncer->resting */
    struct bouncer *bouncer;
    struct arena *arena;
    int32_t partition;
    int64_t offset;
    bool is_lost;                          /* the partition is: nothing is finished any more */
    void (*step)(struct failure *failure); /* to do, or to do again */
    struct slice value;                    /* as it came */
    const char *poison;                    /* why it is dead, or NULL */
    struct record_failure record;
    struct decided decided;
    struct original original;
    struct content content;
    enum bounce_format format; /* of the reports */
    struct failure_report reports[FAILURE_REPORTS_MAX];
    size_t report_count, report_next;        /* to publish, in order */
    struct event events[FAILURE_EVENTS_MAX]; /* to publish, in order */
    size_t event_count, event_next;
    struct bus_ticket ticket; /* of the event, or the dead record */
};

/* Once decoded. */
void failure_note_taken(const struct failure *failure);
void failure_note_body_missing(const struct failure *failure);
/* No copy to the original envelope From. reason: the metric's label. */
void failure_note_not_forwarded(const struct failure *failure, const char *reason);
/* Once durable. */
void failure_note_event(const struct failure *failure, bool is_ok);
/* The end: what became of it. */
void failure_note_reports(const struct failure *failure);
void failure_note_suppressed(const struct failure *failure);
void failure_note_double_bounce(const struct failure *failure);
void failure_note_dead(const struct failure *failure);
