/* SPDX-License-Identifier: Apache-2.0
 * Owns what was read from the log and is not in Redis yet. One APPLY per shard is on its way, what
 * arrives meanwhile gathers behind it; reading pauses when all shards together hold too much. */
#include "scheduler/index.h"

#include "base/assert.h"
#include "proto/record.h"
#include "scheduler/batch.h"
#include "scheduler/dead.h"
#include "scheduler/due.h"
#include "scheduler/role.h"

static struct batch *batch_of(struct list_node *node)
{
    return node ? LIST_OWNER(node, struct batch, node) : NULL;
}

static void account(struct scheduler *scheduler, size_t added, size_t removed)
{
    size_t limit = (size_t)scheduler->settings->buffer_bytes;

    ASSERT(scheduler->buffered_bytes + added >= removed);
    scheduler->buffered_bytes += added - removed;
    if (!scheduler->is_paused && scheduler->buffered_bytes > limit) {
        scheduler->is_paused = true;
        bus_pause(scheduler->consumer);
    } else if (scheduler->is_paused && scheduler->buffered_bytes <= limit / 2) {
        scheduler->is_paused = false;
        bus_resume(scheduler->consumer);
    }
}

static void drop_first(struct shard *shard)
{
    struct batch *batch = batch_of(list_shift(&shard->batches));

    ASSERT(batch != NULL);
    account(shard->scheduler, 0, batch->bytes);
    batch_free(&batch);
}

static struct batch *push_batch(struct shard *shard, int64_t last_offset, bool has_grace)
{
    struct batch *batch = batch_new(last_offset, has_grace);

    list_push(&shard->batches, &batch->node);
    account(shard->scheduler, batch->bytes, 0);
    return batch;
}

static struct batch *open_batch(struct shard *shard, int64_t offset)
{
    bool has_grace = offset < shard->grace_below;
    struct batch *newest = batch_of(list_last(&shard->batches));

    return newest && batch_takes(newest, has_grace) ? newest : push_batch(shard, offset, has_grace);
}

/* ---- to Redis ---- */

static void on_batch_applied(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;
    const struct batch *batch = batch_of(list_first(&shard->batches));

    ASSERT(batch != NULL && batch->is_sent);
    for (size_t i = 0; i < batch->count; i++)
        bus_finish(scheduler->consumer, shard->partition, batch->entries[i].offset);
    shard->applied = batch->last_offset;
    shard->rebuilt += batch->count;
    due_on_applied(shard, batch->first_due_ms);
    drop_first(shard);
    index_apply(shard);
    shard_compare(shard);
}

static void on_applied(void *owner, enum timer_index_result result, size_t count)
{
    struct shard *shard = owner;
    struct batch *batch = batch_of(list_first(&shard->batches));

    (void)count;
    shard->is_applying = false;
    if (!shard_is_reading(shard)) {
        shard_proceed(shard);
        return;
    }
    switch (result) {
    case TIMER_INDEX_OK:
        on_batch_applied(shard);
        return;
    case TIMER_INDEX_MISSING: /* lost, fallen back, or somebody else's: ask */
        shard_restart(shard, NULL);
        return;
    case TIMER_INDEX_DOWN: /* full, or gone: on_down follows */
        ASSERT(batch != NULL);
        batch->is_sent = false;
        shard->again_ms = loop_now_ms(shard->scheduler->env->loop) + SCHEDULER_TICK_MS;
        return;
    }
}

void index_apply(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;
    struct batch *batch = batch_of(list_first(&shard->batches));

    if (!batch || shard->is_applying || !shard_is_reading(shard) ||
        loop_now_ms(scheduler->env->loop) < shard->again_ms)
        return;
    struct timer_index_batch apply = {
        .entries = batch->entries,
        .count = batch->count,
        .expected_offset = shard->applied,
        .last_offset = batch->last_offset,
        .grace_ms = batch->has_grace ? scheduler->settings->rebuild_grace_ms : 0,
        .grace_below = shard->grace_below};
    batch->is_sent = true;
    shard->is_applying = true;
    shard->apply = (struct timer_index_call){.owner = shard, .on_done = on_applied};
    timer_index_apply(scheduler->redis, &shard->apply, shard->partition, &apply);
}

void index_empty(struct shard *shard)
{
    (void)push_batch(shard, -1, true);
    index_apply(shard);
}

void index_forget(struct shard *shard)
{
    while (shard->batches.count > 0)
        drop_first(shard);
}

/* ---- from the log ---- */

static void flush(void *owner)
{
    struct scheduler *scheduler = owner;

    for (size_t i = 0; i < scheduler->partition_count; i++)
        if (scheduler->by_partition[i])
            index_apply(scheduler->by_partition[i]);
}

static int read_entry(struct scheduler *scheduler, const struct bus_delivery *delivery,
                      struct timer_index_entry *ret_entry, struct err *err)
{
    struct record_timer timer = {0};
    bool is_tombstone = delivery->is_tombstone;

    if (delivery->key.len == 0)
        return err_set(err, ERR_INVALID, "a timer without a parcel id");
    arena_reset(scheduler->scratch);
    if (!is_tombstone && record_get_timer(scheduler->scratch, delivery->value, &timer, err))
        return -1;
    if (!is_tombstone && !slice_eq(timer.work.parcel_id, delivery->key))
        return err_set(err, ERR_INVALID, "the key is not the parcel id");
    *ret_entry = (struct timer_index_entry){.offset = delivery->offset,
                                            .parcel_id = delivery->key,
                                            .is_tombstone = is_tombstone,
                                            .due_ms = timer.due_ms,
                                            .timer = delivery->value};
    return 0;
}

static void take(struct shard *shard, const struct bus_delivery *delivery)
{
    struct scheduler *scheduler = shard->scheduler;
    struct batch *batch = open_batch(shard, delivery->offset);
    size_t before = batch->bytes;
    struct timer_index_entry entry;
    struct err err;

    if (read_entry(scheduler, delivery, &entry, &err) == 0) {
        batch_add(batch, &entry);
        account(scheduler, batch->bytes, before);
        return;
    }
    dead_publish(scheduler, delivery, err.text);
    batch->last_offset = delivery->offset;
    bus_finish(scheduler->consumer, delivery->partition, delivery->offset);
}

void index_on_record(void *owner, const struct bus_delivery *delivery)
{
    struct scheduler *scheduler = owner;
    struct shard *shard = shard_find(scheduler, delivery->partition);

    if (!shard || !shard_is_reading(shard))
        return; /* read again after bus_start, or by somebody else */
    if (delivery->offset <= shard->read) {
        /* The log began anew below us: shard_compare will see it. */
        bus_finish(scheduler->consumer, delivery->partition, delivery->offset);
        return;
    }
    shard->read = delivery->offset;
    if (shard->state != SHARD_LIVE)
        scheduler->progress_ms = loop_now_ms(scheduler->env->loop);
    take(shard, delivery);
    loop_later(scheduler->env->loop, &scheduler->flush, flush, scheduler);
}
