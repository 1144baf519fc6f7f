/* SPDX-License-Identifier: Apache-2.0
 * Owns when a shard is looked at. Due times are Redis TIME: the difference to the loop's clock is
 * learnt with each answer. Refuses to pop more of a shard before what was popped is dealt with. */
#include "scheduler/due.h"

#include "scheduler/index.h"
#include "scheduler/role.h"
#include "scheduler/round.h"

static uint64_t now_ms(const struct scheduler *scheduler)
{
    return loop_now_ms(scheduler->env->loop);
}

int64_t due_now_ms(const struct scheduler *scheduler)
{
    return (int64_t)now_ms(scheduler) + scheduler->redis_ahead_ms;
}

static void tick_by(struct scheduler *scheduler, uint64_t at_ms)
{
    uint64_t now = now_ms(scheduler);

    if (loop_timer_is_running(scheduler->tick) && scheduler->tick_at_ms <= at_ms)
        return;
    scheduler->tick_at_ms = at_ms;
    loop_timer_start(scheduler->tick, at_ms > now ? at_ms - now : 0);
}

void due_hurry(struct scheduler *scheduler)
{
    tick_by(scheduler, now_ms(scheduler));
}

/* When a due time comes, on the loop's clock, and not later than the next regular look. */
static uint64_t look_at_ms(const struct scheduler *scheduler, int64_t due_ms)
{
    uint64_t now = now_ms(scheduler);
    int64_t wait_ms = due_ms < 0 ? SCHEDULER_TICK_MS : due_ms - due_now_ms(scheduler);

    if (wait_ms <= 0)
        return now;
    return now + (wait_ms < SCHEDULER_TICK_MS ? (uint64_t)wait_ms : SCHEDULER_TICK_MS);
}

static void pop_by(struct shard *shard, uint64_t at_ms)
{
    shard->pop_ms = at_ms;
    tick_by(shard->scheduler, at_ms);
}

void due_on_applied(struct shard *shard, int64_t due_ms)
{
    if (!shard->scheduler->has_redis_time || due_ms == INT64_MAX)
        return;
    uint64_t at_ms = look_at_ms(shard->scheduler, due_ms);
    if (at_ms < shard->pop_ms)
        pop_by(shard, at_ms);
}

/* ---- POP ---- */

static void learn(struct shard *shard, const struct timer_index_figures *figures)
{
    struct scheduler *scheduler = shard->scheduler;

    shard->figures = *figures;
    scheduler->redis_ahead_ms = figures->now_ms - (int64_t)now_ms(scheduler);
    scheduler->has_redis_time = true;
}

static void on_popped_ok(struct shard *shard, const struct timer_index_due *items, size_t count)
{
    uint64_t soon_ms = now_ms(shard->scheduler) + 1;
    uint64_t at_ms = look_at_ms(shard->scheduler, shard->figures.next_due_ms);
    /* Redis failed over to an older state, or somebody else believes the shard to be his. */
    bool has_moved = shard->figures.applied_offset != shard->applied;

    pop_by(shard, at_ms > soon_ms ? at_ms : soon_ms);
    if (count > 0)
        round_start(shard, items, count);
    if (has_moved && shard->state == SHARD_LIVE)
        shard_restart(shard, NULL);
}

static void on_popped(void *owner, enum timer_index_result result,
                      const struct timer_index_due *items, size_t count,
                      const struct timer_index_figures *figures)
{
    struct shard *shard = owner;

    shard->is_popping = false;
    if (shard->state != SHARD_LIVE) {
        if (result == TIMER_INDEX_OK && count > 0)
            round_start(shard, items, count);
        else
            shard_proceed(shard);
        return;
    }
    switch (result) {
    case TIMER_INDEX_OK:
        learn(shard, figures);
        on_popped_ok(shard, items, count);
        return;
    case TIMER_INDEX_MISSING:
        shard_restart(shard, "missing");
        return;
    case TIMER_INDEX_DOWN:
        pop_by(shard, now_ms(shard->scheduler) + SCHEDULER_TICK_MS);
        return;
    }
}

static void pop(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;

    shard->is_popping = true;
    shard->pop = (struct timer_index_call){.owner = shard, .on_popped = on_popped};
    timer_index_pop(scheduler->redis, &shard->pop, shard->partition,
                    (size_t)scheduler->settings->pop_limit, scheduler->settings->lease_ms);
}

/* ---- REAP ---- */

static void on_reaped(void *owner, enum timer_index_result result, size_t count)
{
    struct shard *shard = owner;

    shard->is_reaping = false;
    if (shard->state != SHARD_LIVE) {
        shard_proceed(shard);
        return;
    }
    if (result == TIMER_INDEX_OK && count > 0) {
        metric_add(shard->scheduler->cells.leases_lost, count);
        pop_by(shard, now_ms(shard->scheduler));
    }
}

static void reap(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;

    shard->reap_ms = now_ms(scheduler) + (uint64_t)scheduler->settings->reap_ms;
    if (shard->is_reaping || shard->figures.fired == 0)
        return;
    shard->is_reaping = true;
    shard->reap = (struct timer_index_call){.owner = shard, .on_done = on_reaped};
    timer_index_reap(scheduler->redis, &shard->reap, shard->partition);
}

/* ---- the tick ---- */

static void look(struct shard *shard)
{
    struct scheduler *scheduler = shard->scheduler;
    uint64_t now = now_ms(scheduler);
    const char *why;

    round_proceed(shard);
    index_apply(shard);
    shard_compare(shard);
    if (shard->state != SHARD_LIVE || scheduler->is_draining)
        return;
    if (shard->reap_ms <= now)
        reap(shard);
    if (shard->is_popping || shard->round || shard->pop_ms > now)
        return;
    if (bus_is_ready(scheduler->bus, &why))
        pop(shard);
    else
        shard->pop_ms = now + SCHEDULER_TICK_MS;
}

/* When the shard wants to be looked at next. */
static uint64_t wanted_ms(const struct shard *shard)
{
    uint64_t regular_ms = now_ms(shard->scheduler) + SCHEDULER_TICK_MS;
    bool is_popped_next = shard->state == SHARD_LIVE && !shard->is_popping && !shard->round &&
                          !shard->scheduler->is_draining;

    return is_popped_next && shard->pop_ms < regular_ms ? shard->pop_ms : regular_ms;
}

void due_tick(void *owner)
{
    struct scheduler *scheduler = owner;
    uint64_t next_ms = now_ms(scheduler) + SCHEDULER_TICK_MS;
    const char *why;

    if (scheduler->is_paused || !bus_is_ready(scheduler->bus, &why))
        scheduler->progress_ms = now_ms(scheduler);
    for (size_t i = 0; i < scheduler->partition_count; i++) {
        struct shard *shard = scheduler->by_partition[i];
        if (!shard)
            continue;
        shard_proceed(shard); /* an owned shard is never freed by it */
        look(shard);
        uint64_t wanted = wanted_ms(shard);
        next_ms = wanted < next_ms ? wanted : next_ms;
    }
    tick_by(scheduler, next_ms);
}
