/* SPDX-License-Identifier: Apache-2.0
 * The life of a shard: gained, asked for, read, live, lost. Nothing fires before the index has seen
 * the whole log: a tombstone not applied yet would let a finished parcel go out again. */
#include "scheduler/shard.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "scheduler/batch.h"
#include "scheduler/due.h"
#include "scheduler/index.h"
#include "scheduler/role.h"
#include "scheduler/round.h"

/* The end of the log as we know it may lag for a moment after an assignment. */
#define SUSPECT_MS 2000
/* After this long of reading without a record for any shard that catches up, the rest of the log is
 * compacted away. */
#define SETTLE_MS 5000

static const char *const LOST_INDEX = "missing";
static const char *const LOST_LOG = "log_shorter";

static void log_owner(const struct shard *shard, const char *event)
{
    struct log_line line;

    log_begin(&line, shard->scheduler->env->log, LOG_DEBUG, event);
    log_int(&line, LOG_PARTITION, shard->partition);
    log_int(&line, LOG_OFFSET, shard->applied);
    log_end(&line);
}

static void log_rebuilt(const struct shard *shard)
{
    struct log_line line;

    log_begin(&line, shard->scheduler->env->log, LOG_INFO, "shard_rebuilt");
    log_int(&line, LOG_PARTITION, shard->partition);
    log_int(&line, LOG_OFFSET, shard->applied);
    log_str(&line, LOG_REASON, shard->lost_reason);
    log_int(&line, LOG_COUNT, (int64_t)shard->rebuilt);
    log_end(&line);
}

static void set_state(struct shard *shard, enum shard_state state)
{
    struct list *lists = shard->scheduler->shards;

    list_remove(&lists[shard->state], &shard->node);
    shard->state = state;
    list_push(&lists[state], &shard->node);
}

struct shard *shard_find(const struct scheduler *scheduler, int32_t partition)
{
    if (partition < 0 || (size_t)partition >= scheduler->partition_count)
        return NULL;
    return scheduler->by_partition[partition];
}

bool shard_is_reading(const struct shard *shard)
{
    return shard->state == SHARD_REBUILDING || shard->state == SHARD_CATCHING ||
           shard->state == SHARD_LIVE;
}

static bool is_idle(const struct shard *shard)
{
    return !shard->is_asking && !shard->is_applying && !shard->is_popping && !shard->is_reaping;
}

static void read_from(struct shard *shard, int64_t applied, enum shard_state state)
{
    struct scheduler *scheduler = shard->scheduler;

    shard->applied = applied;
    shard->read = applied;
    shard->suspect_ms = 0;
    scheduler->progress_ms = loop_now_ms(scheduler->env->loop);
    shard->pop_ms = 0;
    set_state(shard, state);
    bus_start(scheduler->consumer, shard->partition, applied + 1);
}

static void rebuild(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;
    int64_t end = bus_end_offset(scheduler->consumer, shard->partition);

    /* Unknown yet: every timer may have fired, until the end is known. */
    shard->grace_below = end < 0 ? INT64_MAX : end;
    shard->rebuilt = 0;
    read_from(shard, -1, SHARD_REBUILDING);
    metrics_add(scheduler->env->metrics, METRIC_SHARD_REBUILDS, METRIC_LABELS(shard->lost_reason),
                1);
    index_empty(shard);
}

static void on_offset(void *owner, enum timer_index_result result, int64_t offset,
                      int64_t grace_below)
{
    struct shard *shard = owner;

    shard->is_asking = false;
    if (shard->state != SHARD_WAITING || result == TIMER_INDEX_DOWN) {
        shard->again_ms = loop_now_ms(shard->scheduler->env->loop) + SCHEDULER_TICK_MS;
        shard_proceed(shard);
        return;
    }
    if (result == TIMER_INDEX_MISSING || shard->lost_reason) {
        shard->lost_reason = shard->lost_reason ? shard->lost_reason : LOST_INDEX;
        rebuild(shard);
        return;
    }
    /* A rebuild that somebody else began, or an earlier one of ours. */
    if (shard->grace_below < grace_below)
        shard->grace_below = grace_below;
    /* What was applied before and is not any more may have fired in between. */
    if (shard->applied > offset && shard->grace_below <= shard->applied)
        shard->grace_below = shard->applied + 1;
    read_from(shard, offset, SHARD_CATCHING);
}

static void begin(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;

    if (!is_idle(shard) || !redis_is_up(scheduler->redis) ||
        loop_now_ms(scheduler->env->loop) < shard->again_ms)
        return;
    if (shard->lost_reason) {
        rebuild(shard);
        return;
    }
    shard->is_asking = true;
    timer_index_offset(scheduler->redis, &shard->ask, shard->partition);
}

void shard_free(struct shard **shard)
{
    list_remove(&(*shard)->scheduler->shards[(*shard)->state], &(*shard)->node);
    index_forget(*shard);
    round_free(&(*shard)->round);
    xfree(*shard);
    *shard = NULL;
}

static void end(struct shard *shard)
{
    if (!is_idle(shard) || shard->round)
        return;
    if (!shard->is_lost && shard->scheduler->consumer)
        bus_release(shard->scheduler->consumer, shard->partition);
    shard_free(&shard);
}

void shard_proceed(struct shard *shard)
{
    if (shard->state == SHARD_WAITING)
        begin(shard);
    else if (shard->state == SHARD_REVOKED)
        end(shard);
}

void shard_restart(struct shard *shard, const char *lost_reason)
{
    if (lost_reason)
        shard->lost_reason = lost_reason;
    else if (shard->state == SHARD_REBUILDING)
        shard->lost_reason = NULL; /* what was rebuilt so far counts, if it is still there */
    if (shard->state == SHARD_REVOKED)
        return;
    index_forget(shard);
    set_state(shard, SHARD_WAITING);
    shard_proceed(shard);
}

static void go_live(struct shard *shard)
{
    if (shard->state == SHARD_REBUILDING && shard->rebuilt > 0)
        log_rebuilt(shard);
    shard->lost_reason = NULL;
    set_state(shard, SHARD_LIVE);
    due_hurry(shard->scheduler);
}

void shard_compare(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;
    int64_t log_end = bus_end_offset(scheduler->consumer, shard->partition);
    uint64_t now_ms = loop_now_ms(scheduler->env->loop);

    if (!shard_is_reading(shard) || log_end < 0)
        return;
    if (shard->grace_below == INT64_MAX)
        shard->grace_below = log_end;
    if (shard->applied >= log_end) {
        shard->suspect_ms = shard->suspect_ms ? shard->suspect_ms : now_ms;
        if (now_ms - shard->suspect_ms >= SUSPECT_MS) {
            shard->applied = -1;
            shard_restart(shard, LOST_LOG);
        }
        return;
    }
    shard->suspect_ms = 0;
    bool is_settled = now_ms - scheduler->progress_ms >= SETTLE_MS;
    if (shard->state != SHARD_LIVE && shard->batches.count == 0 &&
        (shard->applied + 1 == log_end || is_settled))
        go_live(shard);
}

size_t shard_count(const struct scheduler *scheduler)
{
    size_t count = 0;

    for (size_t i = 0; i < scheduler->partition_count; i++)
        count += scheduler->by_partition[i] != NULL;
    return count;
}

static void own(struct scheduler *scheduler, struct shard *shard)
{
    size_t needed = (size_t)shard->partition + 1;

    if (needed > scheduler->partition_count) {
        scheduler->by_partition =
            xrealloc(scheduler->by_partition, needed * sizeof(struct shard *));
        for (size_t i = scheduler->partition_count; i < needed; i++)
            scheduler->by_partition[i] = NULL;
        scheduler->partition_count = needed;
    }
    ASSERT(!scheduler->by_partition[shard->partition]);
    scheduler->by_partition[shard->partition] = shard;
}

void shard_gain(struct scheduler *scheduler, int32_t partition)
{
    struct shard *shard = xalloc(sizeof *shard);

    shard->scheduler = scheduler;
    shard->partition = partition;
    shard->applied = -1;
    shard->figures.next_due_ms = -1;
    shard->ask = (struct timer_index_call){.owner = shard, .on_offset = on_offset};
    list_init(&shard->batches);
    list_push(&scheduler->shards[SHARD_WAITING], &shard->node);
    own(scheduler, shard);
    log_owner(shard, "shard_gained");
    shard_proceed(shard);
}

static struct shard *find_revoked(const struct scheduler *scheduler, int32_t partition)
{
    const struct list *revoked = &scheduler->shards[SHARD_REVOKED];

    for (struct list_node *node = list_first(revoked); node; node = list_next(revoked, node)) {
        struct shard *shard = LIST_OWNER(node, struct shard, node);
        if (shard->partition == partition && !shard->is_lost)
            return shard;
    }
    return NULL;
}

void shard_revoke(struct scheduler *scheduler, int32_t partition, bool is_lost)
{
    struct shard *shard = shard_find(scheduler, partition);

    if (!shard) {
        /* It was asked for and is now taken away. */
        shard = find_revoked(scheduler, partition);
        if (shard)
            shard->is_lost = is_lost;
        return;
    }
    scheduler->by_partition[partition] = NULL;
    shard->is_lost = is_lost;
    log_owner(shard, is_lost ? "shard_lost" : "shard_revoked");
    index_forget(shard);
    set_state(shard, SHARD_REVOKED);
    if (shard->round)
        round_proceed(shard);
    else
        shard_proceed(shard);
}
