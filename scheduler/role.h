/* SPDX-License-Identifier: Apache-2.0
 * The one struct everything of the scheduler role hangs off, and what its files share. */
#pragma once

#include "base/arena.h"
#include "bus/bus.h"
#include "proto/settings.h"
#include "redis/redis.h"
#include "scheduler/settings.h"
#include "scheduler/shard.h"
#include "service/service.h"

#define SCHEDULER_TICK_MS 1000 /* the longest time between two looks at a shard */

struct scheduler_cells { /* hot series, looked up once */
    struct metric_cell *fired, *tardiness, *leases_lost;
    struct metric_cell *waiting, *leased, *oldest_due, *shards_owned, *shards, *redis_up;
};

struct scheduler {
    struct service_env *env;
    const struct scheduler_settings *settings;
    const struct redis_settings *redis_settings;
    const struct work_settings *work;
    struct scheduler_cells cells;

    struct bus *bus;
    struct bus_consumer *consumer;
    struct redis *redis;
    int64_t redis_ahead_ms; /* Redis TIME minus the loop's clock, from the latest answer */
    bool has_redis_time;

    struct list shards[SHARD_STATES];
    struct shard **by_partition; /* owned ones; NULL elsewhere */
    size_t partition_count;
    size_t told_count; /* owned shards, as last logged */
    /* When the latest record of a shard that is not live came, or could not come. */
    uint64_t progress_ms;

    size_t buffered_bytes; /* of all batches */
    bool is_paused;
    struct loop_later flush; /* batches of this turn */

    struct loop_timer *tick;
    uint64_t tick_at_ms;
    bool is_draining;
    struct arena *scratch; /* decoding one record */
};
