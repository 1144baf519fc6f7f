/* SPDX-License-Identifier: Apache-2.0
 * A partition of `work` as this sender sees it: assigned, its marks read from Redis, running,
 * revoked. Owns the order of giving it up: what has not reached the peer's final decision is
 * forgotten (its next owner reads it again), the rest is waited for, then the partition released.
 */
#pragma once

#include "sender/parcel.h"

enum partition_state {
    PARTITION_NONE,    /* somebody else's, as far as we know */
    PARTITION_LOADING, /* assigned; the marks are being read, or waited for */
    PARTITION_RUNNING,
    PARTITION_REVOKED, /* ours until the last parcel in hand has ended */
};

struct partition {
    struct sender *sender;
    int32_t number;
    enum partition_state state;
    uint32_t epoch; /* counts assignments */
    struct list parcels;
    /* Records below may have been worked on by an earlier owner: the log's end at the assignment
     * (-1: unknown), narrowed by the first record. */
    int64_t window_end;
    bool has_first;
    uint64_t assigned_ms;
    struct mark_table marks;
    struct marks_load load;
    bool is_loading, has_marks;
    struct loop_later settle;
};

void partition_on_assigned(void *owner, int32_t number);
void partition_on_revoked(void *owner, int32_t number, bool is_lost);
void partition_on_committed(void *owner, int32_t number, int64_t next_offset);

/* Redis came up, or a second has passed: partitions that wait for their marks. */
void partitions_load_marks(struct sender *sender);
/* NULL: not assigned. */
struct partition *partition_find(struct sender *sender, int32_t number);
/* The record at that offset was taken: true when it lies in the window (sets it by the first). */
bool partition_in_window(struct partition *partition, int64_t offset);
/* A mark about a decoded parcel of it. */
void partition_mark(const struct parcel *parcel, enum mark mark, struct slice bits);
/* A parcel of it has ended. */
void partition_settle(struct partition *partition);
/* The role ends: nothing is delivered any more, whatever state it is in. */
void partitions_abandon(struct sender *sender);
/* With the parcels that are left. Bus and Redis are gone. */
void partitions_free(struct sender *sender);
