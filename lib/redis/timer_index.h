/* SPDX-License-Identifier: Apache-2.0
 * The timer index in Redis: one shard per partition of the timer topic, keys t:{s}:due (zset by due
 * ms), t:{s}:fired (zset, end of the lease), t:{s}:item (hash parcel id -> fence and Timer bytes),
 * t:{s}:offset (last applied log offset, -1: none yet) and t:{s}:grace (timers below this offset
 * may have fired on an index that was lost). Data and offset change in ONE script, so that a lost
 * or failed-over Redis is always a consistent older state: replay the log from its offset. All
 * times are Redis TIME. Only the scheduler changes a shard; senders check fences. */
#pragma once

#include "redis/redis.h"

#define TIMER_INDEX_BATCH_MAX 1000

struct timer_index_entry { /* one record of the timer topic */
    int64_t offset;
    struct slice parcel_id;
    bool is_tombstone;
    int64_t due_ms;     /* wall clock */
    struct slice timer; /* the record's value, opaque here */
};

enum timer_index_result {
    TIMER_INDEX_OK,
    TIMER_INDEX_MISSING, /* no offset key, not the expected offset, or damaged items */
    TIMER_INDEX_DOWN,    /* Redis did not answer or refused: try again later */
};

struct timer_index_due {
    struct slice parcel_id;
    int64_t fence, due_ms;
    struct slice timer;
};

struct timer_index_figures {
    int64_t next_due_ms, now_ms;
    int64_t waiting, fired;
    int64_t applied_offset; /* less than what was applied: Redis fell back to an older state */
};

/* Embedded in the caller's object, zero-initialised; alive until its callback, which fires exactly
 * once, never from inside. One operation at a time per struct. */
struct timer_index_call {
    struct redis_call call;
    void *owner;
    /* APPLY, ACK, RETURN, REAP: count = entries applied or moved. */
    void (*on_done)(void *owner, enum timer_index_result result, size_t count);
    /* POP: items valid during the call; next_due_ms: of the earliest timer left, -1 none; now_ms:
     * Redis TIME; waiting and fired: sizes of the zsets. */
    void (*on_popped)(void *owner, enum timer_index_result result,
                      const struct timer_index_due *items, size_t count,
                      const struct timer_index_figures *figures);
    /* As applied last; grace_below as in the batch. MISSING: rebuild. */
    void (*on_offset)(void *owner, enum timer_index_result result, int64_t offset,
                      int64_t grace_below);
};

struct timer_index_batch {
    const struct timer_index_entry *entries;
    size_t count;
    int64_t expected_offset;
    int64_t last_offset; /* to store: of the last record read, even if it was skipped */
    int64_t grace_ms;
    int64_t grace_below; /* to store, when a rebuild begins and with a grace; INT64_MAX: unknown */
};

/* At most TIMER_INDEX_BATCH_MAX entries in order of offset; those at or below the stored offset are
 * ignored. expected_offset: the stored offset the caller believes in (-1: nothing was applied, the
 * shard's keys are dropped first). grace_ms: of timers below grace_below, else 0: those that are
 * due by now, or within 5 s, become due at now + grace, because they may have fired and be in
 * flight. A Redis out of memory refuses (DOWN). */
void timer_index_apply(struct redis *redis, struct timer_index_call *call, int32_t shard,
                       const struct timer_index_batch *batch);
/* Up to limit (and about 8 MiB of) due timers move to fired with a lease. MISSING: rebuild. */
void timer_index_pop(struct redis *redis, struct timer_index_call *call, int32_t shard,
                     size_t limit, int64_t lease_ms);
/* The fired timers were published: the leases end. Their fences stay until a newer record or the
 * tombstone is applied, the Timer bytes go. Those replaced by a newer timer are left alone. */
void timer_index_ack(struct redis *redis, struct timer_index_call *call, int32_t shard,
                     const struct timer_index_due *items, size_t count);
/* The fired timers were not published: they are due again, as they were. Those that are not leased
 * any more, or were replaced by a newer timer, are left alone: the caller need not own the shard
 * now. */
void timer_index_return(struct redis *redis, struct timer_index_call *call, int32_t shard,
                        const struct timer_index_due *items, size_t count);
/* Expired leases return to due. */
void timer_index_reap(struct redis *redis, struct timer_index_call *call, int32_t shard);
void timer_index_offset(struct redis *redis, struct timer_index_call *call, int32_t shard);

enum timer_index_state {
    TIMER_INDEX_CURRENT, /* go on */
    TIMER_INDEX_STALE,   /* the log has moved past this work record: drop it */
    TIMER_INDEX_UNKNOWN, /* index behind, empty or away: go on (it must never make mail vanish) */
};

struct timer_index_check {
    struct redis_call call;
    void *owner;
    void (*on_checked)(void *owner, struct timer_index_check *check, enum timer_index_state state);
    int64_t fence;
};
/* parcel_id is copied. With a fence: STALE iff the applied offset is at or past the fence and the
 * entry is absent or newer. Without (first attempt, fence -1): STALE iff the index has any entry
 * for the parcel. */
void timer_index_check(struct redis *redis, struct timer_index_check *check, int32_t shard,
                       struct slice parcel_id, int64_t fence);
