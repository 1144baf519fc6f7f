/* SPDX-License-Identifier: Apache-2.0
 * See rig.h. */
#include "path/rig.h"

#include <fcntl.h>

#include "base/xalloc.h"
#include "bouncer/bouncer.h"
#include "bus/settings.h"
#include "ingress/ingress.h"
#include "ingress/listener.h"
#include "scheduler/scheduler.h"
#include "sender/sender.h"
#include "service/sections.h"
#include "service/settings.h"

#define PARTITIONS 3
#define SETTINGS   16

/* ---- set-up ---- */

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static void read_conf(struct rig *rig, const char *const *more)
{
    const struct service_role *const roles[] = {&ingress_role, &sender_role, &scheduler_role,
                                                &bouncer_role, NULL};
    const struct service service = {.name = "path", .roles = roles};
    const struct conf_section **sections = sections_of(&service);
    const struct conf_faults faults = {.on_fault = on_fault};
    struct buf address = {0}, routes = {0};
    const char *settings[SETTINGS + 1] = {NULL,
                                          NULL,
                                          "redis.reconnect_ms=20",
                                          "sender.hostname=relay.test",
                                          "ingress.hostname=relay.test",
                                          "bouncer.reporting_mta=relay.test",
                                          "scheduler.rebuild_grace_ms=0",
                                          "listeners=({port=0; networks=[\"127.0.0.0/8\"];})"};
    size_t count = 8;

    buf_addf(&address, "redis.address=%s", buf_str(&rig->server.address));
    buf_addf(&routes, "routes=({domain=\"*\"; hosts=[\"127.0.0.1:%d\"];})",
             destination_port(&rig->destination));
    settings[0] = buf_str(&address);
    settings[1] = buf_str(&routes);
    for (size_t i = 0; more && more[i]; i++) {
        assert_true(count < SETTINGS);
        settings[count++] = more[i];
    }
    assert_int_equal(conf_read("/dev/null", settings, sections, &faults, &rig->conf), 0);
    for (size_t i = 0; i < RIG_ROLES; i++)
        rig->roles[i].role = roles[i];
    xfree(sections);
    buf_free(&address);
    buf_free(&routes);
}

static void start_role(struct rig *rig, struct rig_role *role)
{
    const struct service_settings *settings = conf_values(rig->conf, &SERVICE_SECTION);
    struct err err;

    role->env = (struct service_env){.loop = rig->loop,
                                     .hub = rig->hub,
                                     .conf = rig->conf,
                                     .log = rig->log,
                                     .metrics = metrics_new(),
                                     .without_events = !settings->events,
                                     .leave_ms = 5000,
                                     .pod = "path",
                                     .state = &role->state};
    if (role->role->start(&role->env, &role->instance, &err) != 0)
        fail_msg("%s: %s", role->role->name, err.text);
}

static void start_servers(struct rig *rig)
{
    *rig = (struct rig){.loop = loop_new()};
    private_redis_start(&rig->server, NULL);
    destination_start(&rig->destination, rig->loop);
    destination_start(&rig->archive, rig->loop);
}

static void start_roles(struct rig *rig, const char *const *more)
{
    struct bus_settings settings = {.drain_ms = 5000};
    struct err err;

    for (size_t i = 0; i < BUS_TOPICS; i++)
        settings.partitions[i] = PARTITIONS;
    assert_int_equal(bus_hub_open(&settings, &rig->hub, &err), 0);
    journal_start(&rig->journal, rig->hub);
    rig->log =
        log_new(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_DEBUG, "path", "path", clock_wall_us);
    read_conf(rig, more);
    for (size_t i = 0; i < RIG_ROLES; i++)
        start_role(rig, &rig->roles[i]);
    for (size_t i = 0; i < RIG_ROLES; i++)
        WAIT_FOR(rig->loop, rig->roles[i].state.is_ready);
}

void rig_begin(struct rig *rig, const char *const *more)
{
    start_servers(rig);
    start_roles(rig, more);
}

void rig_begin_with_archive(struct rig *rig)
{
    struct buf setting = {0};

    start_servers(rig);
    buf_addf(&setting,
             "configurations=({retry={interval=\"linear\"; a_s=1;}; bcc={host=\"127.0.0.1\"; "
             "port=%d;};})",
             destination_port(&rig->archive));
    const char *const more[] = {buf_str(&setting), NULL};
    start_roles(rig, more);
    buf_free(&setting);
}

static void stop_role(struct rig *rig, struct rig_role *role)
{
    WAIT_FOR(rig->loop, role->state.is_drained);
    role->role->free(&role->instance);
    metrics_free(&role->env.metrics);
}

void rig_end(struct rig *rig)
{
    rig_settle(rig);
    for (size_t i = 0; i < RIG_ROLES; i++)
        rig->roles[i].role->drain(rig->roles[i].instance);
    for (size_t i = 0; i < RIG_ROLES; i++)
        stop_role(rig, &rig->roles[i]);
    destination_end(&rig->destination);
    destination_end(&rig->archive);
    journal_end(&rig->journal);
    bus_hub_close(&rig->hub);
    loop_free(&rig->loop);
    conf_free(&rig->conf);
    log_free(&rig->log);
    private_redis_end(&rig->server);
    clock_set_back(0);
}

/* ---- the application's and the destination's side ---- */

void rig_submit(struct rig *rig, const char *from, const char *rcpts, struct slice content)
{
    struct ingress *ingress = rig->roles[0].instance;
    const struct ingress_listener *listener =
        LIST_OWNER(list_first(&ingress->listeners), struct ingress_listener, node);

    client_start(&rig->client, rig->loop, listener_address(listener->socket), from, rcpts, content);
}

uint16_t rig_reply(struct rig *rig)
{
    WAIT_FOR(rig->loop, rig->client.is_closed);
    client_end(&rig->client);
    return rig->client.code;
}

uint16_t rig_send(struct rig *rig, const char *from, const char *rcpts, struct slice content)
{
    rig_submit(rig, from, rcpts, content);
    return rig_reply(rig);
}

const struct destination_mail *rig_arrival(struct rig *rig, const char *rcpt)
{
    WAIT_FOR(rig->loop, destination_count(&rig->destination, rcpt) > 0);
    return destination_find(&rig->destination, rcpt);
}

void rig_settle(struct rig *rig)
{
    WAIT_FOR(rig->loop, journal_is_settled(&rig->journal));
}
