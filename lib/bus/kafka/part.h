/* SPDX-License-Identifier: Apache-2.0
 * One partition of a consumer's topic, ours or not, for as long as the consumer lives. */
#pragma once

#include "bus/watermark.h"

enum part_state {
    PART_FOREIGN,  /* not ours */
    PART_LOOKUP,   /* ours, on_assigned waits for its offsets */
    PART_ASSIGNED, /* on_assigned was called; not started */
    PART_STARTED,  /* delivering from position */
    PART_REVOKED,  /* on_revoked was called; bus_release is awaited */
    PART_RELEASED, /* released; its watermark is still to be committed */
};

struct part {
    enum part_state state;
    int64_t position;            /* of the next record to deliver; may be logical (the beginning) */
    int64_t committed;           /* in the group, as far as known; -1: nothing */
    int64_t told;                /* the highest given to on_committed */
    int64_t end;                 /* one past the newest, when it was assigned; -1: unknown */
    struct watermark *watermark; /* from the first start on */
    int64_t seen_at_ms;          /* wall clock of the log at the newest record delivered, never in
                                    the future; 0: none */
    int64_t
        waiting_since_ms; /* wall clock: records were seen to wait here, none in hand; 0: none */
    bool is_told;         /* its backlog was, and must be again when it is gone */
    bool is_reset;        /* the log has no record at position: it shrank, or expired */
    bool is_commit_owed;  /* the group still has the place that is gone */
    bool is_restarting;   /* bus_start was called; the assignment does not have it yet */
    bool is_paused;       /* in librdkafka */
};
