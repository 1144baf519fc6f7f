/* SPDX-License-Identifier: Apache-2.0
 * The bouncer role: start, readiness, partitions, back-pressure, drain, end. */
#include "bouncer/bouncer.h"

#include "base/xalloc.h"
#include "bouncer/failure.h"

#define TICK_MS 1000

struct revocation { /* a partition to release once none of its failures is in hand */
    struct list_node node;
    int32_t partition;
};

static struct revocation *revocation_of(struct list_node *node)
{
    return LIST_OWNER(node, struct revocation, node);
}

/* ---- room and partitions ---- */

static void regulate(struct bouncer *bouncer)
{
    size_t limit = (size_t)bouncer->settings->in_flight, count = failure_count(bouncer);

    if (!bouncer->consumer)
        return;
    if (!bouncer->is_paused && count >= limit)
        bus_pause(bouncer->consumer);
    else if (bouncer->is_paused && count <= limit / 2)
        bus_resume(bouncer->consumer);
    else
        return;
    bouncer->is_paused = !bouncer->is_paused;
}

static void revocation_free(struct bouncer *bouncer, struct revocation *revocation)
{
    list_remove(&bouncer->revoked, &revocation->node);
    xfree(revocation);
}

static void release_idle(struct bouncer *bouncer)
{
    struct list_node *node, *next;

    for (node = list_first(&bouncer->revoked); node; node = next) {
        struct revocation *revocation = revocation_of(node);
        int32_t partition = revocation->partition;
        next = list_next(&bouncer->revoked, node);
        if (!bouncer->consumer || failure_has_partition(bouncer, partition))
            continue;
        revocation_free(bouncer, revocation);
        bus_release(bouncer->consumer, partition);
    }
}

void bouncer_on_ended(struct bouncer *bouncer)
{
    regulate(bouncer);
    release_idle(bouncer);
}

static void forget_revocation(struct bouncer *bouncer, int32_t partition)
{
    struct list_node *node = list_first(&bouncer->revoked);

    while (node && revocation_of(node)->partition != partition)
        node = list_next(&bouncer->revoked, node);
    if (node)
        revocation_free(bouncer, revocation_of(node));
}

/* ---- the consumer ---- */

static void on_assigned(void *owner, int32_t partition)
{
    struct bouncer *bouncer = owner;
    bus_start(bouncer->consumer, partition, BUS_COMMITTED);
}

static void on_revoked(void *owner, int32_t partition, bool is_lost)
{
    struct bouncer *bouncer = owner;

    forget_revocation(bouncer, partition);
    if (is_lost) {
        failure_lose(bouncer, partition);
        regulate(bouncer);
        return;
    }
    struct revocation *revocation = xalloc(sizeof *revocation);
    revocation->partition = partition;
    list_push(&bouncer->revoked, &revocation->node);
    release_idle(bouncer);
}

static void on_record(void *owner, const struct bus_delivery *delivery)
{
    failure_on_record(owner, delivery);
    regulate(owner);
}

static void on_left(void *owner)
{
    struct bouncer *bouncer = owner;

    bouncer->consumer = NULL;
    service_drained(bouncer->env);
}

static const struct bus_consumer_ops CONSUMER_OPS = {
    .on_assigned = on_assigned,
    .on_revoked = on_revoked,
    .on_record = on_record,
    .on_left = on_left,
};

/* ---- the role ---- */

static void report_state(struct bouncer *bouncer)
{
    const char *why = "";
    bool is_ready = bus_is_ready(bouncer->bus, &why);

    if (bouncer->is_draining) {
        service_set_ready(bouncer->env, false, "draining");
        return;
    }
    if (is_ready && !bus_has_joined(bouncer->consumer)) {
        is_ready = false;
        why = "the group has not answered yet";
    }
    service_set_ready(bouncer->env, is_ready, why);
    if (is_ready)
        service_set_started(bouncer->env);
}

static void on_tick(void *owner)
{
    struct bouncer *bouncer = owner;
    report_state(bouncer);
    failure_resume_all(bouncer);
    loop_timer_start(bouncer->tick, TICK_MS);
}

static int bouncer_start(struct service_env *env, void **ret_role, struct err *err)
{
    struct bouncer *bouncer = xalloc(sizeof *bouncer);

    bouncer->env = env;
    bouncer->settings = conf_values(env->conf, &BOUNCER_SECTION);
    bouncer->work = conf_values(env->conf, &WORK_SECTION);
    bouncer->configurations = configurations_new(env->conf);
    list_init(&bouncer->working);
    list_init(&bouncer->resting);
    list_init(&bouncer->revoked);
    if (bus_new(env->hub, env->loop, "bouncer", BUS_GATHERING, &bouncer->bus, err)) {
        configurations_free(&bouncer->configurations);
        xfree(bouncer);
        return -1;
    }
    bouncer->consumer = bus_consume(bouncer->bus, BUS_FAILURE, "bouncer", &CONSUMER_OPS, bouncer);
    bouncer->tick = loop_timer_new(env->loop, on_tick, bouncer);
    loop_timer_start(bouncer->tick, 0);
    *ret_role = bouncer;
    return 0;
}

/* A failure asks for its configuration once, when its reports are planned. */
static void bouncer_reload(void *role, const struct conf *conf)
{
    struct bouncer *bouncer = role;

    configurations_free(&bouncer->configurations);
    bouncer->configurations = configurations_new(conf);
}

static void bouncer_drain(void *role)
{
    struct bouncer *bouncer = role;

    if (bouncer->is_draining)
        return;
    bouncer->is_draining = true;
    bus_leave(bouncer->consumer, bouncer->env->leave_ms);
}

static void bouncer_free(void **role)
{
    struct bouncer *bouncer = *role;
    struct list_node *node;

    if (!bouncer)
        return;
    /* From here on acknowledgements that still come must not reach for the consumer. */
    bouncer->consumer = NULL;
    bus_free(&bouncer->bus);
    failure_drop_all(bouncer);
    while ((node = list_first(&bouncer->revoked)))
        revocation_free(bouncer, revocation_of(node));
    loop_timer_free(&bouncer->tick);
    configurations_free(&bouncer->configurations);
    xfree(bouncer);
    *role = NULL;
}

static void bouncer_measure(void *role)
{
    struct bouncer *bouncer = role;
    service_report_bus(bouncer->env, bouncer->bus);
}

const struct service_role bouncer_role = {
    .name = "bouncer",
    .sections = BOUNCER_SECTIONS,
    .start = bouncer_start,
    .drain = bouncer_drain,
    .reload = bouncer_reload,
    .free = bouncer_free,
    .measure = bouncer_measure,
};
