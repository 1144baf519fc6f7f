/* SPDX-License-Identifier: Apache-2.0
 * Publishing fired timers. What the log refuses is published again for half a lease, or as long as
 * the shard is ours, and is then due again; a second copy on the log is dropped by its fence.
 * Nothing is acknowledged in Redis before the log has it. */
#include "scheduler/round.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "bus/place.h"
#include "proto/record.h"
#include "scheduler/due.h"
#include "scheduler/role.h"

struct due_timer {
    struct bus_ticket ticket;
    struct due_round *round;
    struct timer_index_due due;
    bool is_published;
};

struct due_round {
    struct shard *shard;
    struct arena *arena;
    struct due_timer *timers;
    size_t count;
    size_t outstanding; /* tickets */
    bool is_damaged;    /* the index holds what the log cannot have held */
    uint64_t again_ms;  /* when to publish again; 0: tickets, ACK or RETURN are out */
    uint64_t give_up_ms;
    struct timer_index_call call;
    struct timer_index_due *picked; /* of the call */
};

void round_free(struct due_round **round)
{
    if (!*round)
        return;
    ASSERT((*round)->outstanding == 0);
    arena_free(&(*round)->arena);
    xfree(*round);
    *round = NULL;
}

static void finish(struct due_round *round)
{
    struct shard *shard = round->shard;
    bool is_damaged = round->is_damaged;

    round_free(&shard->round);
    if (is_damaged)
        shard_restart(shard, "missing");
    else if (shard->state == SHARD_LIVE)
        due_hurry(shard->scheduler);
    shard_proceed(shard);
}

static size_t pick(struct due_round *round, bool is_published)
{
    size_t count = 0;

    for (size_t i = 0; i < round->count; i++)
        if (round->timers[i].is_published == is_published)
            round->picked[count++] = round->timers[i].due;
    return count;
}

static void on_returned(void *owner, enum timer_index_result result, size_t count)
{
    struct due_round *round = owner;

    /* Whatever the answer: their leases end by themselves. */
    (void)result;
    (void)count;
    finish(round);
}

static void give_back(struct due_round *round)
{
    const struct shard *shard = round->shard;
    size_t count = round->is_damaged ? 0 : pick(round, false);

    if (count == 0 || !shard->scheduler->redis) {
        finish(round);
        return;
    }
    round->call = (struct timer_index_call){.owner = round, .on_done = on_returned};
    timer_index_return(shard->scheduler->redis, &round->call, shard->partition, round->picked,
                       count);
}

static void on_acknowledged(void *owner, enum timer_index_result result, size_t count)
{
    struct due_round *round = owner;

    /* Whatever the answer: the worst is a second copy, which its fence makes harmless. */
    (void)result;
    (void)count;
    give_back(round);
}

static void conclude(struct due_round *round)
{
    const struct shard *shard = round->shard;
    size_t count = pick(round, true);

    round->again_ms = 0;
    if (count == 0 || !shard->scheduler->redis) {
        give_back(round);
        return;
    }
    round->call = (struct timer_index_call){.owner = round, .on_done = on_acknowledged};
    timer_index_ack(shard->scheduler->redis, &round->call, shard->partition, round->picked, count);
}

static size_t count_unpublished(const struct due_round *round)
{
    size_t count = 0;

    for (size_t i = 0; i < round->count; i++)
        count += !round->timers[i].is_published;
    return count;
}

/* All tickets have come back. */
static void settle(struct due_round *round)
{
    const struct shard *shard = round->shard;
    const struct scheduler *scheduler = shard->scheduler;
    uint64_t now_ms = loop_now_ms(scheduler->env->loop);
    bool may_try = !round->is_damaged && !scheduler->is_draining && shard->state != SHARD_REVOKED &&
                   now_ms < round->give_up_ms;

    if (may_try && count_unpublished(round) > 0)
        round->again_ms = now_ms + SCHEDULER_TICK_MS;
    else
        conclude(round);
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct due_timer *timer = owner;
    struct due_round *round = timer->round;
    const struct scheduler *scheduler = round->shard->scheduler;

    (void)ticket;
    timer->is_published = ack->ok;
    if (ack->ok) {
        int64_t late_ms = due_now_ms(scheduler) - timer->due.due_ms;
        metric_add(scheduler->cells.fired, 1);
        metric_observe(scheduler->cells.tardiness, (double)(late_ms > 0 ? late_ms : 0) / 1e3);
    }
    if (--round->outstanding == 0)
        settle(round);
}

/* The parcel as it was deferred, with the fence that makes repeats of this firing visible. */
static int read_work(struct due_timer *timer, struct record_work *ret_work, struct err *err)
{
    struct shard *shard = timer->round->shard;
    struct record_timer record = {0};

    arena_reset(shard->scheduler->scratch);
    if (record_get_timer(shard->scheduler->scratch, timer->due.timer, &record, err))
        return -1;
    if (!slice_eq(record.work.parcel_id, timer->due.parcel_id))
        return err_set(err, ERR_INVALID, "the key is not the parcel id");
    *ret_work = record.work;
    ret_work->has_fence = true;
    ret_work->fence = timer->due.fence;
    ret_work->fence_shard = shard->partition;
    return 0;
}

static void publish(struct due_timer *timer)
{
    struct due_round *round = timer->round;
    struct scheduler *scheduler = round->shard->scheduler;
    struct record_work work = {0};
    struct buf head = {0};
    struct err err;

    if (read_work(timer, &work, &err)) {
        round->is_damaged = true;
        return;
    }
    record_put_work(&head, &work);
    struct bus_record record = {
        .topic = BUS_WORK,
        .partition = bus_place_of_repeatable(scheduler->bus, scheduler->work, &work),
        .key = work.destination,
        .head = buf_slice(&head),
        .body = work.body,
    };
    timer->ticket = (struct bus_ticket){.on_acked = on_acked, .owner = timer};
    round->outstanding++;
    bus_publish(scheduler->bus, &record, &timer->ticket);
    buf_free(&head);
}

static void publish_all(struct due_round *round)
{
    round->again_ms = 0;
    for (size_t i = 0; i < round->count; i++)
        if (!round->timers[i].is_published)
            publish(&round->timers[i]);
    if (round->outstanding == 0)
        settle(round);
}

void round_start(struct shard *shard, const struct timer_index_due *items, size_t count)
{
    struct due_round *round = xalloc(sizeof *round);
    struct scheduler *scheduler = shard->scheduler;

    ASSERT(!shard->round);
    *round = (struct due_round){.shard = shard,
                                .arena = arena_new(4096),
                                .count = count,
                                .give_up_ms = loop_now_ms(scheduler->env->loop) +
                                              (uint64_t)scheduler->settings->lease_ms / 2};
    round->timers = arena_alloc(round->arena, count * sizeof *round->timers);
    round->picked = arena_alloc(round->arena, count * sizeof *round->picked);
    for (size_t i = 0; i < count; i++) {
        struct due_timer *timer = &round->timers[i];
        timer->round = round;
        timer->due = items[i];
        timer->due.parcel_id = arena_copy(round->arena, items[i].parcel_id);
        timer->due.timer = arena_copy(round->arena, items[i].timer);
    }
    shard->round = round;
    if (shard->state == SHARD_LIVE)
        publish_all(round);
    else
        conclude(round);
}

void round_proceed(struct shard *shard)
{
    struct due_round *round = shard->round;

    if (!round || round->again_ms == 0)
        return;
    if (shard->state == SHARD_REVOKED || shard->scheduler->is_draining)
        conclude(round);
    else if (round->again_ms <= loop_now_ms(shard->scheduler->env->loop))
        publish_all(round);
}
