/* SPDX-License-Identifier: Apache-2.0
 * The scheduler role: start, readiness, figures, drain, end. */
#include "scheduler/scheduler.h"

#include "base/xalloc.h"
#include "redis/settings.h"
#include "scheduler/due.h"
#include "scheduler/index.h"
#include "scheduler/role.h"
#include "service/report_redis.h"

#define SCRATCH_BYTES ((size_t)4096)

/* ---- Redis ---- */

static void on_up(void *owner)
{
    struct scheduler *scheduler = owner;

    log_note(scheduler->env->log, LOG_INFO, "redis_up", scheduler->redis_settings->address);
    for (size_t i = 0; i < scheduler->partition_count; i++)
        if (scheduler->by_partition[i])
            scheduler->by_partition[i]->again_ms = 0;
    due_hurry(scheduler);
}

static void on_down(void *owner, const char *why)
{
    struct scheduler *scheduler = owner;

    log_note(scheduler->env->log, LOG_WARNING, "redis_down", why);
    /* It may come back with an older state, or empty. */
    for (size_t i = 0; i < scheduler->partition_count; i++)
        if (scheduler->by_partition[i])
            shard_restart(scheduler->by_partition[i], NULL);
    due_hurry(scheduler);
}

static const struct redis_ops REDIS_OPS = {.on_up = on_up, .on_down = on_down};

/* ---- the timer topic ---- */

static void on_assigned(void *owner, int32_t partition)
{
    shard_gain(owner, partition);
}

static void on_revoked(void *owner, int32_t partition, bool is_lost)
{
    shard_revoke(owner, partition, is_lost);
}

static void on_left(void *owner)
{
    struct scheduler *scheduler = owner;

    scheduler->consumer = NULL;
    service_drained(scheduler->env);
}

static const struct bus_consumer_ops CONSUMER_OPS = {
    .on_assigned = on_assigned,
    .on_revoked = on_revoked,
    .on_record = index_on_record,
    .on_left = on_left,
};

/* ---- the role ---- */

static void report_state(struct scheduler *scheduler)
{
    const char *why = "";
    bool is_ready = bus_is_ready(scheduler->bus, &why);

    if (scheduler->is_draining) {
        service_set_ready(scheduler->env, false, "draining");
        return;
    }
    if (is_ready && !bus_has_joined(scheduler->consumer)) {
        is_ready = false;
        why = "the group has not answered yet";
    } else if (is_ready && !redis_is_up(scheduler->redis)) {
        is_ready = false;
        why = "Redis is not connected";
    }
    service_set_ready(scheduler->env, is_ready, is_ready ? "" : why);
    if (is_ready)
        service_set_started(scheduler->env);
}

/* One line for all shards of a rebalance; each has its own at level debug. */
static void tell_shards(struct scheduler *scheduler)
{
    size_t count = shard_count(scheduler);
    struct log_line line;

    if (count == scheduler->told_count)
        return;
    scheduler->told_count = count;
    log_begin(&line, scheduler->env->log, LOG_INFO, "shards_owned");
    log_int(&line, LOG_COUNT, (int64_t)count);
    log_end(&line);
}

static void tick(void *owner)
{
    report_state(owner);
    tell_shards(owner);
    due_tick(owner);
}

static void find_cells(struct scheduler *scheduler)
{
    struct metrics *metrics = scheduler->env->metrics;

    scheduler->cells = (struct scheduler_cells){
        .fired = metrics_cell(metrics, METRIC_TIMERS_FIRED, METRIC_NO_LABELS),
        .tardiness = metrics_cell(metrics, METRIC_TIMER_TARDINESS, METRIC_NO_LABELS),
        .leases_lost = metrics_cell(metrics, METRIC_LEASES_LOST, METRIC_NO_LABELS),
        .waiting = metrics_cell(metrics, METRIC_TIMERS, METRIC_LABELS("waiting")),
        .leased = metrics_cell(metrics, METRIC_TIMERS, METRIC_LABELS("fired")),
        .oldest_due = metrics_cell(metrics, METRIC_TIMER_OLDEST_DUE, METRIC_NO_LABELS),
        .shards_owned = metrics_cell(metrics, METRIC_SHARDS_OWNED, METRIC_NO_LABELS),
        .shards = metrics_cell(metrics, METRIC_SHARDS, METRIC_NO_LABELS),
        .redis_up = metrics_cell(metrics, METRIC_REDIS_UP, METRIC_LABELS("scheduler")),
    };
}

static void scheduler_free(void **role)
{
    struct scheduler *scheduler = *role;

    if (!scheduler)
        return;
    scheduler->is_draining = true;
    scheduler->is_paused = false;
    scheduler->consumer = NULL;
    redis_free(&scheduler->redis);
    bus_free(&scheduler->bus);
    for (size_t state = 0; state < SHARD_STATES; state++)
        while (scheduler->shards[state].count > 0) {
            struct shard *shard =
                LIST_OWNER(list_first(&scheduler->shards[state]), struct shard, node);
            shard_free(&shard);
        }
    xfree(scheduler->by_partition);
    loop_later_cancel(scheduler->env->loop, &scheduler->flush);
    loop_timer_free(&scheduler->tick);
    arena_free(&scheduler->scratch);
    xfree(scheduler);
    *role = NULL;
}

static int scheduler_start(struct service_env *env, void **ret_role, struct err *err)
{
    struct scheduler *scheduler = xalloc(sizeof *scheduler);

    scheduler->env = env;
    scheduler->settings = conf_values(env->conf, &SCHEDULER_SECTION);
    scheduler->redis_settings = conf_values(env->conf, &REDIS_SECTION);
    scheduler->work = conf_values(env->conf, &WORK_SECTION);
    for (size_t state = 0; state < SHARD_STATES; state++)
        list_init(&scheduler->shards[state]);
    if (bus_new(env->hub, env->loop, "scheduler", BUS_GATHERING, &scheduler->bus, err) < 0) {
        xfree(scheduler);
        return -1;
    }
    find_cells(scheduler);
    scheduler->scratch = arena_new(SCRATCH_BYTES);
    scheduler->tick = loop_timer_new(env->loop, tick, scheduler);
    scheduler->redis = redis_new(env->loop, scheduler->redis_settings, &REDIS_OPS, scheduler);
    /* No commits: the index knows how far it is. */
    scheduler->consumer = bus_consume(scheduler->bus, BUS_TIMER, "", &CONSUMER_OPS, scheduler);
    due_hurry(scheduler);
    *ret_role = scheduler;
    return 0;
}

static void scheduler_reload(void *role, const struct conf *conf)
{
    const struct scheduler *scheduler = role;

    (void)conf; /* no setting of ours is live, but the password's file is */
    redis_renew(scheduler->redis);
}

static void scheduler_drain(void *role)
{
    struct scheduler *scheduler = role;

    scheduler->is_draining = true;
    report_state(scheduler);
    bus_leave(scheduler->consumer, scheduler->env->leave_ms);
}

/* Owned shards whose figures are fresh. */
static void measure_timers(const struct scheduler *scheduler)
{
    const struct list *live = &scheduler->shards[SHARD_LIVE];
    int64_t waiting = 0, fired = 0, oldest_ms = 0;

    for (struct list_node *node = list_first(live); node; node = list_next(live, node)) {
        const struct timer_index_figures *figures = &LIST_OWNER(node, struct shard, node)->figures;
        int64_t age_ms =
            figures->next_due_ms < 0 ? 0 : due_now_ms(scheduler) - figures->next_due_ms;
        waiting += figures->waiting;
        fired += figures->fired;
        oldest_ms = age_ms > oldest_ms ? age_ms : oldest_ms;
    }
    metric_set(scheduler->cells.waiting, waiting);
    metric_set(scheduler->cells.leased, fired);
    metric_set(scheduler->cells.oldest_due, oldest_ms / 1000);
}

static void scheduler_measure(void *role)
{
    struct scheduler *scheduler = role;

    measure_timers(scheduler);
    metric_set(scheduler->cells.shards_owned, (int64_t)shard_count(scheduler));
    metric_set(scheduler->cells.shards, bus_partitions(scheduler->bus, BUS_TIMER));
    metric_set(scheduler->cells.redis_up, redis_is_up(scheduler->redis));
    service_report_bus(scheduler->env, scheduler->bus);
    service_report_redis(scheduler->env, scheduler->redis);
}

const struct service_role scheduler_role = {
    .name = "scheduler",
    .sections = SCHEDULER_SECTIONS,
    .start = scheduler_start,
    .drain = scheduler_drain,
    .reload = scheduler_reload,
    .free = scheduler_free,
    .measure = scheduler_measure,
};
