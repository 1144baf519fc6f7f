/* SPDX-License-Identifier: Apache-2.0
 * The idle connections of one configuration (requirements S19..S21): at most so many, the least
 * recently used one goes first, and closed when idle for too long. Not for files but pool.c. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "profile/configuration.h"
#include "sender/connection.h"
#include "service/metrics.h"

struct pool_share {
    struct list_node node; /* pool.c's */
    struct loop *loop;
    struct metrics *metrics;
    struct map buckets; /* by place */
    struct list lru;    /* oldest first */
    struct loop_timer *expiry;
    size_t count_max;
    uint64_t timeout_ms;
    char name[CONFIGURATION_NAME_MAX + 1];
};

struct pool_share *pool_share_new(struct loop *loop, struct metrics *metrics, struct slice name);
/* Its connections are closed, or forgotten already. */
void pool_share_free(struct pool_share *share);
/* What is beyond them goes now. */
void pool_share_set_limits(struct pool_share *share, size_t count_max, uint64_t timeout_ms);
/* The most recently used one from and to there, and it is in the share no more; NULL: none. */
struct connection *pool_share_take(struct pool_share *share,
                                   const struct connection_target *target);
/* From IDLE. */
void pool_share_put(struct pool_share *share, struct connection *connection);
/* It is in a share; it stays open. */
void pool_share_forget(struct connection *connection);
/* QUIT to all. reason: of the metric. */
void pool_share_evict_all(struct pool_share *share, const char *reason);
