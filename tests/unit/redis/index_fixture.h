/* SPDX-License-Identifier: Apache-2.0
 * The timer index as plain calls: each runs one operation on shard 5 and waits for its answer. */
#pragma once

#include "redis/timer_index.h"
#include "unit/redis/fixture.h"

#define INDEX_SHARD       5
#define INDEX_POPPED_MAX  8
#define INDEX_GRACE_BELOW 77 /* of each batch */

struct index_popped {
    char parcel_id[16], timer[64];
    int64_t fence, due_ms;
};

struct index_answer {
    bool is_done;
    enum timer_index_result result;
    size_t count; /* as told; of POP, items[] holds the first INDEX_POPPED_MAX */
    int64_t offset, grace_below;
    enum timer_index_state state;
    struct timer_index_figures figures;
    struct index_popped items[INDEX_POPPED_MAX];
};

/* A timer of parcel `id` with the id as its bytes; a due time in the past is due at once. */
struct timer_index_entry index_timer(int64_t offset, const char *id, int64_t due_ms);
struct timer_index_entry index_tombstone(int64_t offset, const char *id);

/* last_offset is that of the last entry (or `expected` when there are none). */
struct index_answer index_apply(struct fixture *fixture, int64_t expected,
                                const struct timer_index_entry *entries, size_t count,
                                int64_t grace_ms);
struct index_answer index_pop(struct fixture *fixture, size_t limit, int64_t lease_ms);
struct index_answer index_ack(struct fixture *fixture, const char *id, int64_t fence);
struct index_answer index_return(struct fixture *fixture, const char *id, int64_t fence,
                                 int64_t due_ms);
struct index_answer index_reap(struct fixture *fixture);
struct index_answer index_offset(struct fixture *fixture);
enum timer_index_state index_check(struct fixture *fixture, const char *id, int64_t fence);
