/* SPDX-License-Identifier: Apache-2.0
 * A parcel in the sender: one record of `work` from the moment it is taken from the log until its
 * offset is finished. It lives in its own arena, with the one copy of the record's value; all that
 * is learnt about it (replies, records to publish) goes there, too. */
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "proto/delays.h"
#include "proto/record.h"
#include "redis/timer_index.h"
#include "sender/marks.h"
#include "sender/role.h"
#include "sender/verdict.h"

struct partition;
struct delivery;
struct outcome;
struct destination;

enum parcel_state {
    PARCEL_TAKEN,      /* dispatch looks at it; a fence check may be under way */
    PARCEL_HELD,       /* waits until another record of the same parcel has ended */
    PARCEL_QUEUED,     /* in its destination's queue */
    PARCEL_UNOWNED,    /* in sender.unowned */
    PARCEL_DELIVERING, /* parcel.delivery is set */
    PARCEL_RECORDING,  /* its outcome, its split or its burial is being published */
};

struct parcel {
    struct sender *sender;
    struct arena *arena;
    enum parcel_state state;
    struct partition *partition;
    struct list_node partition_node;
    uint32_t epoch; /* of the partition's assignment */
    int64_t offset;
    bool in_window; /* a predecessor may have worked on it (see dispatch.c) */
    struct slice value;
    struct record_work work;

    enum mark mark; /* found in w:{p} */
    struct timer_index_check check;
    struct map_node flight_node;
    bool in_flight_table;
    bool is_forgotten; /* to be dropped when the check's reply comes */
    struct list held;  /* other records of this parcel, by queue_node */

    size_t group; /* of the destination, as far as known: by domain, later by MX host */
    struct destination *destination; /* QUEUED, DELIVERING */
    struct list *queue;              /* HELD, UNOWNED: the list it is in */
    struct list_node queue_node;
    uint64_t taken_ms, queued_ms; /* monotonic */

    struct verdict *verdicts; /* one per recipient */
    struct delivery *delivery;
    struct delays delays; /* of its attempt, as far as that has come */
    struct outcome *outcome;
};

/* A copy of the record; not decoded yet (parcel.work is empty). */
struct parcel *parcel_new(struct sender *sender, struct partition *partition,
                          const struct bus_delivery *record);
/* After record_get_work: room for the verdicts, and the group by what is known. */
void parcel_prepare(struct parcel *parcel);
/* Everything about it is durable: finishes the offset, lets held records go on, frees it.
 * mark: MARK_FINISHED where a repeat must not even repeat the events, MARK_NONE otherwise. */
void parcel_finish(struct parcel *parcel, enum mark mark);
/* Forgets it without finishing the offset: it will be read again. */
void parcel_forget(struct parcel *parcel);
/* Without any of this, when the role ends: whatever refers to it must be gone or silent. */
void parcel_free(struct parcel *parcel);

/* Where its inline body lies on the log, or the reference it came with. */
struct record_body parcel_body_ref(const struct parcel *parcel);
/* Its partition is still the one it was taken from, and not being given up. */
bool parcel_is_current(const struct parcel *parcel);
/* And it is this process's own beyond doubt: to be asked before content is sent. */
bool parcel_is_owned(const struct parcel *parcel);
/* HELD and UNOWNED are lists of their own. */
void parcel_wait_in(struct parcel *parcel, enum parcel_state state, struct list *list);
void parcel_wait_ends(struct parcel *parcel);
/* The configuration of its envelope, as it is now: until control returns to the loop. */
const struct configuration *parcel_configuration(const struct parcel *parcel);
/* For metrics, the log and events. */
const char *parcel_group_name(const struct parcel *parcel);
/* Recipients with that verdict. */
size_t parcel_count(const struct parcel *parcel, enum verdict_kind kind);
