/* SPDX-License-Identifier: Apache-2.0
 * A shard: one partition of the timer topic that this scheduler owns, and its part of the index. A
 * state is a list of the role; shard.c alone moves between them. */
#pragma once

#include "redis/timer_index.h"

struct scheduler;
struct due_round;

enum shard_state {
    SHARD_WAITING,    /* for Redis to say which offset it has applied; nothing is read */
    SHARD_REBUILDING, /* emptied; the log is read from its beginning; nothing fires */
    SHARD_CATCHING,   /* the log is read from the applied offset; nothing fires */
    SHARD_LIVE,       /* the index has reached the end of the log; due timers fire */
    SHARD_REVOKED,    /* not ours any more; ends when nothing of it is under way */
    SHARD_STATES
};

struct shard {
    struct scheduler *scheduler;
    struct list_node node;
    enum shard_state state;
    int32_t partition;
    bool is_lost; /* revoked without asking: not to be released */

    /* The log and the index. */
    int64_t applied;         /* offset that Redis has applied, -1 none */
    int64_t read;            /* newest record taken from the log */
    int64_t grace_below;     /* timers below this offset may have fired on an index that was lost;
                                INT64_MAX: where the log ended then is not known */
    uint64_t suspect_ms;     /* since when the index is ahead of the log; 0: it is not */
    const char *lost_reason; /* WAITING: rebuild for this reason, do not ask; REBUILDING: why */
    size_t rebuilt;          /* entries */
    struct list batches;     /* oldest first; the first may be on its way to Redis */
    bool is_asking, is_applying;
    uint64_t again_ms; /* not before: Redis refused */
    struct timer_index_call ask, apply;

    /* What is due. */
    bool is_popping, is_reaping;
    uint64_t pop_ms, reap_ms;           /* next time, on the loop's clock */
    struct timer_index_figures figures; /* of the latest POP */
    struct timer_index_call pop, reap;
    struct due_round *round; /* fired timers being published; NULL none */
};

/* The consumer got the partition. */
void shard_gain(struct scheduler *scheduler, int32_t partition);
/* The consumer loses the partition, or has lost it (is_lost); then the shard ends by itself. */
void shard_revoke(struct scheduler *scheduler, int32_t partition, bool is_lost);
/* The owned shard of a partition, or NULL. */
struct shard *shard_find(const struct scheduler *scheduler, int32_t partition);
/* Owned ones. */
size_t shard_count(const struct scheduler *scheduler);
/* Records of the log are taken. */
bool shard_is_reading(const struct shard *shard);

/* Forgets what was read and asks Redis anew (or rebuilds, with a reason of static life-time), as
 * soon as nothing of the shard is under way. reason NULL: keeps one that was given before. */
void shard_restart(struct shard *shard, const char *lost_reason);
/* To be called when something under way has ended, and in each tick: continues a restart, or the
 * end of a revoked shard. May free the shard. */
void shard_proceed(struct shard *shard);
/* In each tick and after each APPLY: is the index at the end of the log, or ahead of it? */
void shard_compare(struct shard *shard);
/* Of the role that ends. */
void shard_free(struct shard **shard);
