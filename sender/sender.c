/* SPDX-License-Identifier: Apache-2.0
 * The sender role: start, readiness, drain, end. */
#include "sender/sender.h"

#include "base/xalloc.h"
#include "dns/resolver.h"
#include "net/tls.h"
#include "profile/domains.h"
#include "redis/settings.h"
#include "sender/body.h"
#include "sender/destination.h"
#include "sender/dispatch.h"
#include "sender/flight.h"
#include "sender/marks.h"
#include "sender/park.h"
#include "sender/partition.h"
#include "sender/pool.h"
#include "sender/publisher.h"
#include "sender/slots.h"
#include "sender/source.h"
#include "service/report_redis.h"
#include "service/settings.h"

#define TICK_MS         1000
#define GOODBYE_MS      2000
#define GOODBYE_TICK_MS 10
#define MS_PER_S        1000

static void find_cells(struct sender *sender)
{
    struct metrics *metrics = sender->env->metrics;

    sender->cells = (struct sender_cells){
        .stale_recent = metrics_cell(metrics, METRIC_SENDER_STALE, METRIC_LABELS("recent")),
        .reused = metrics_cell(metrics, METRIC_POOL_ACQUIRES, METRIC_LABELS("reused")),
        .fresh = metrics_cell(metrics, METRIC_POOL_ACQUIRES, METRIC_LABELS("new")),
        .in_system_delivered =
            metrics_cell(metrics, METRIC_SENDER_TIME_IN_SYSTEM, METRIC_LABELS("delivered")),
        .reply_delivered = metrics_cell(metrics, METRIC_SENDER_REPLIES,
                                        METRIC_LABELS(smtp_stage_name(SMTP_STAGE_DOT), "2")),
        .attempt_number = metrics_cell(metrics, METRIC_SENDER_ATTEMPT_NUMBER, METRIC_NO_LABELS),
        .event_delivered = metrics_cell(metrics, METRIC_EVENTS, METRIC_LABELS("delivered", "ok")),
    };
    for (enum delay delay = 0; delay < DELAYS; delay++)
        sender->cells.stages[delay] =
            metrics_cell(metrics, METRIC_SENDER_STAGE, METRIC_LABELS(delay_name(delay)));
}

static void report_state(struct sender *sender)
{
    const char *why = "";
    bool is_ready = bus_is_ready(sender->bus, &why);

    if (sender->is_draining) {
        service_set_ready(sender->env, false, "draining");
        return;
    }
    if (is_ready && !bus_has_joined(sender->consumer)) {
        is_ready = false;
        why = "the group has not answered yet";
    }
    service_set_ready(sender->env, is_ready, why);
    if (is_ready)
        service_set_started(sender->env);
}

/* Connections may still be saying goodbye, but not for long. */
static void check_drained(struct sender *sender)
{
    uint64_t now_ms = loop_now_ms(sender->loop);

    if (!sender->has_left || sender->is_drained)
        return;
    if (!sender->goodbye_until_ms)
        sender->goodbye_until_ms = now_ms + GOODBYE_MS;
    sender->is_drained = pool_count(sender->pool) == 0 || now_ms >= sender->goodbye_until_ms;
    if (sender->is_drained)
        service_drained(sender->env);
    else
        loop_timer_start(sender->tick, GOODBYE_TICK_MS);
}

static void tick(void *owner)
{
    struct sender *sender = owner;

    loop_timer_start(sender->tick, TICK_MS);
    report_state(sender);
    pool_tick(sender->pool);
    bodies_tick(sender->bodies);
    slots_tick(sender);
    park_tick(sender);
    partitions_load_marks(sender);
    check_drained(sender);
}

static void on_publish_trouble(void *owner, const char *detail)
{
    struct sender *sender = owner;

    log_note(sender->env->log, LOG_WARNING, "publish_failed", detail);
}

static void on_redis_up(void *owner)
{
    struct sender *sender = owner;

    log_note(sender->env->log, LOG_INFO, "redis_up", "");
    metrics_set(sender->env->metrics, METRIC_REDIS_UP, METRIC_LABELS("sender"), 1);
    partitions_load_marks(sender);
}

static void on_redis_down(void *owner, const char *why)
{
    struct sender *sender = owner;

    log_note(sender->env->log, LOG_WARNING, "redis_down", why);
    metrics_set(sender->env->metrics, METRIC_REDIS_UP, METRIC_LABELS("sender"), 0);
}

static const struct redis_ops REDIS_OPS = {.on_up = on_redis_up, .on_down = on_redis_down};

static void sender_free(void **role)
{
    struct sender *sender = *role;

    if (!sender)
        return;
    sender->consumer = NULL;
    sender->is_draining = true;
    if (sender->publisher)
        publisher_silence(sender->publisher);
    partitions_abandon(sender);
    bus_free(&sender->bus);
    publisher_free(&sender->publisher);
    redis_free(&sender->redis);
    partitions_free(sender);
    loop_later_cancel(sender->loop, &sender->pump);
    loop_later_cancel(sender->loop, &sender->recheck);
    pool_free(&sender->pool);
    sources_free(&sender->sources);
    dest_groups_free(&sender->groups);
    destinations_free(&sender->destinations);
    router_free(&sender->router);
    resolver_free(&sender->resolver);
    bodies_free(&sender->bodies);
    flight_free(&sender->flight);
    marks_free(&sender->marks);
    tls_free(&sender->tls);
    configurations_free(&sender->configurations);
    loop_timer_free(&sender->tick);
    while (sender->spare_count)
        arena_free(&sender->spare_arenas[--sender->spare_count]);
    xfree(sender);
    *role = NULL;
}

/* What can fail. */
static int open_parts(struct sender *sender, struct err *err)
{
    struct dns_settings dns =
        *(const struct dns_settings *)conf_values(sender->env->conf, &DNS_SECTION);

    if (dns.trust_anchor_file && !*dns.trust_anchor_file)
        dns.trust_anchor_file = NULL;
    if (sender->settings->tls != SENDER_TLS_NONE &&
        tls_new_client(false, NULL, &sender->tls, err) < 0)
        return err_wrap(err, "sender TLS");
    if (resolver_new(sender->loop, &dns, &sender->resolver, err) < 0)
        return err_wrap(err, "sender DNS");
    if (bus_new(sender->env->hub, sender->loop, "sender", BUS_GATHERING, &sender->bus, err) < 0)
        return err_wrap(err, "sender log");
    return 0;
}

static void make_parts(struct sender *sender)
{
    const struct sender_settings *settings = sender->settings;
    const struct conf *conf = sender->env->conf;

    sender->redis = redis_new(sender->loop, conf_values(conf, &REDIS_SECTION), &REDIS_OPS, sender);
    sender->publisher = publisher_new(sender->loop, sender->bus, on_publish_trouble, sender);
    sender->marks = marks_new(sender->loop, sender->redis);
    sender->flight = flight_new();
    sender->router =
        router_new(sender->loop, sender->resolver,
                   &(struct router_settings){.hostname = settings->hostname,
                                             .port = (uint16_t)settings->port,
                                             .allow_private = settings->allow_private_targets},
                   conf);
    sender->groups = dest_groups_new(conf);
    sender->sources = sources_new(settings);
    sources_set_pools(sender->sources, sender->configurations, sender->env->log);
    sender->pool =
        pool_new(sender->loop, settings, sender->tls, sender->env->metrics, sender->groups);
    pool_set_limits(sender->pool, sender->configurations);
    sender->destinations = destinations_new(&(struct destination_limits){
        .per_destination = (size_t)settings->connections_per_destination,
        .total = (size_t)settings->connections_max});
    sender->bodies = bodies_new(
        sender->loop, sender->bus,
        &(struct bodies_settings){.budget_bytes = (uint64_t)settings->body_budget_bytes,
                                  .wait_ms = (uint64_t)settings->park_after_s * MS_PER_S});
    sender->tick = loop_timer_new(sender->loop, tick, sender);
}

static int sender_start(struct service_env *env, void **ret_role, struct err *err)
{
    const struct service_settings *service = conf_values(env->conf, &SERVICE_SECTION);
    struct sender *sender = xalloc(sizeof *sender);
    void *role = sender;

    sender->env = env;
    sender->loop = env->loop;
    sender->settings = conf_values(env->conf, &SENDER_SECTION);
    sender->work = conf_values(env->conf, &WORK_SECTION);
    sender->configurations = configurations_new(env->conf);
    sender->time_scale = service->time_scale;
    if (sender->time_scale != 1)
        log_note(env->log, LOG_WARNING, "test_time", "service.time_scale: retries come early");
    list_init(&sender->unowned);
    list_init(&sender->rechecks);
    find_cells(sender);
    if (open_parts(sender, err) < 0) {
        sender_free(&role);
        return -1;
    }
    make_parts(sender);
    sender->consumer = bus_consume(sender->bus, BUS_WORK, "sender", &DISPATCH_OPS, sender);
    loop_timer_start(sender->tick, 0);
    *ret_role = sender;
    return 0;
}

/* Parcels ask for their configuration whenever they need it. */
static void sender_reload(void *role, const struct conf *conf)
{
    struct sender *sender = role;

    configurations_free(&sender->configurations);
    sender->configurations = configurations_new(conf);
    sources_set_pools(sender->sources, sender->configurations, sender->env->log);
    pool_set_limits(sender->pool, sender->configurations);
    /* The numbers of source pools may stand for others now. */
    memset(sender->cells.delivered, 0, sizeof sender->cells.delivered);
}

static void sender_drain(void *role)
{
    struct sender *sender = role;

    if (sender->is_draining)
        return;
    sender->is_draining = true;
    pool_drain(sender->pool);
    bus_leave(sender->consumer, sender->env->leave_ms);
}

static void sender_measure(void *role)
{
    const struct sender *sender = role;

    metrics_set(sender->env->metrics, METRIC_SENDER_IN_FLIGHT, METRIC_NO_LABELS,
                (int64_t)sender->parcels);
    pool_measure(sender->pool);
    service_report_bus(sender->env, sender->bus);
    service_report_redis(sender->env, sender->redis);
}

static const struct conf_section *const SECTIONS[] = {
    &SENDER_SECTION,
    &ROUTES_SECTION,
    &DNS_SECTION,
    &DESTINATION_GROUPS_SECTION,
    &REDIS_SECTION,
    &CONFIGURATIONS_SECTION,
    &SENDING_DOMAINS_SECTION,
    &BOUNCES_SECTION,
    &FORWARDING_RULES_SECTION,
    &SOURCE_POOLS_SECTION,
    &WORK_SECTION,
    &SERVICE_SECTION,
    NULL,
};

const struct service_role sender_role = {
    .name = "sender",
    .sections = SECTIONS,
    .start = sender_start,
    .drain = sender_drain,
    .reload = sender_reload,
    .free = sender_free,
    .measure = sender_measure,
};
