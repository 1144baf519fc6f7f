/* SPDX-License-Identifier: Apache-2.0
 * The records an outcome consists of, built one by one from the parcel's verdicts. Each can be
 * built again, byte for byte, when publishing it failed. Not for files other than outcome.c. */
#pragma once

#include "sender/parcel.h"
#include "sender/publisher.h"

enum outcome_piece {
    PIECE_EVENT_DELIVERED,
    PIECE_EVENT_DEFERRED,
    PIECE_EVENT_FAILED,
    PIECE_EVENT_EXPIRED,
    PIECE_FAILURE_FAILED,
    PIECE_FAILURE_EXPIRED,
    PIECE_FAILURE_RELAYED,
    PIECE_DEAD, /* the body is gone, or a copy was given up */
    /* the timer record, last */
    PIECE_TIMER_DEFERRED,
    PIECE_TIMER_PARKED,
    PIECE_TOMBSTONE,
    OUTCOME_PIECES
};

struct outcome_publication {
    struct publication publication; /* its owner is the parcel */
    enum outcome_piece piece;
};

struct outcome {
    size_t outstanding;
    bool has_attempt; /* one was made: the numbers in the records go up by it */
    int64_t now_ms, due_ms;
    enum outcome_piece last; /* the timer record; OUTCOME_PIECES: none */
    enum mark mark;          /* in the end */
};

/* The recipients it is about. */
size_t outcome_piece_count(const struct parcel *parcel, enum outcome_piece piece);
/* Fills topic, key and body; appends the head. */
void outcome_piece_build(const struct parcel *parcel, enum outcome_piece piece,
                         struct bus_record *record, struct buf *head);
/* Of PIECE_DEAD: a sentence, in the parcel's arena. */
const char *outcome_dead_reason(const struct parcel *parcel);
/* The event's name, for metrics; NULL: not an event. */
const char *outcome_piece_event(enum outcome_piece piece);
