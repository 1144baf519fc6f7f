/* SPDX-License-Identifier: Apache-2.0
 * The parts of bus.h that lib/service calls, and the roles. */
#include "unit/service/stand_in.h"

#include <inttypes.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/figures.h"
#include "bus/settings.h"
#include "net/clock.h"
#include "service/sections.h"

struct bus_hub {
    int64_t longest_period_s;
};

static const struct conf_setting LOG_SETTINGS[] = {
    {.name = "directory",
     .type = CONF_STRING,
     .offset = CONF_AT(struct bus_settings, directory),
     .fallback = "",
     .help = "Where."},
};

const struct conf_section BUS_SECTION = {
    .name = "log",
    .help = "A log.",
    .settings = LOG_SETTINGS,
    .count = sizeof LOG_SETTINGS / sizeof *LOG_SETTINGS,
    .size = sizeof(struct bus_settings),
};

int bus_hub_open(const struct bus_settings *settings, struct bus_hub **ret_hub, struct err *err)
{
    if (strcmp(settings->directory, "/broken") == 0)
        return err_set(err, ERR_INVALID, "the log is broken");
    *ret_hub = xalloc(sizeof **ret_hub);
    (*ret_hub)->longest_period_s = settings->longest_period_s;
    return 0;
}

int bus_hub_renew(struct bus_hub *hub, struct err *err)
{
    (void)hub;
    (void)err;
    return 0;
}

void bus_hub_close(struct bus_hub **hub)
{
    xfree(*hub);
    *hub = NULL;
}

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats)
{
    (void)bus;
    for (size_t i = 0; i < BUS_TOPICS; i++)
        ret_stats->published[i] = 100 + i;
    ret_stats->queue_records = 7;
    ret_stats->stored_bytes = 4096;
    ret_stats->retention_ms[BUS_WORK] = 172800000;
    ret_stats->retention_ms[BUS_FAILURE] = INT64_MAX;
    ret_stats->errors[0] = (struct bus_errors){"_TRANSPORT", 3};
    ret_stats->brokers[0] = (struct bus_broker){"a:9092", 1500};
    durations_add(&ret_stats->acks[BUS_WORK], 300);
    durations_add(&ret_stats->acks[BUS_WORK], 6000000);
}

int32_t bus_partitions(const struct bus *bus, enum bus_topic topic)
{
    (void)bus;
    return topic == BUS_TIMER ? 201 : 3;
}

void bus_each_backlog(struct bus *bus,
                      void (*on_backlog)(void *owner, const struct bus_backlog *backlog),
                      void *owner)
{
    const struct bus_backlog backlogs[] = {{BUS_WORK, 0, 5, clock_wall_ms() - 60000},
                                           {BUS_WORK, 1, 4, clock_wall_ms() - 3600000},
                                           {BUS_WORK, 2, 3, 0},
                                           {BUS_BODY, 0, 0, 0},
                                           {BUS_BODY, 1, 2, 0},
                                           {BUS_TIMER, 7, 20, clock_wall_ms() + 3600000},
                                           {BUS_TIMER, 8, 30, clock_wall_ms() + 3600000}};

    (void)bus;
    for (size_t i = 0; i < sizeof backlogs / sizeof *backlogs; i++)
        on_backlog(owner, &backlogs[i]);
}

static int start_plain(struct service_env *env, void **ret_role, struct err *err)
{
    (void)err;
    *ret_role = env;
    service_set_started(env);
    service_set_ready(env, true, "");
    return 0;
}

static int start_failing(struct service_env *env, void **ret_role, struct err *err)
{
    (void)env, (void)ret_role;
    return err_set(err, ERR_INVALID, "no luck");
}

static void drain_at_once(void *role)
{
    service_drained(role);
}

static void drain_never(void *role)
{
    (void)role;
}

static void forget(void **role)
{
    *role = NULL;
}

struct leaving {
    struct service_env *env;
    struct loop_timer *limit;
};

static void on_limit(void *owner)
{
    const struct leaving *leaving = owner;

    service_drained(leaving->env);
}

static int start_leaving(struct service_env *env, void **ret_role, struct err *err)
{
    struct leaving *leaving = xalloc(sizeof *leaving);
    struct buf limit = {0};

    (void)err;
    leaving->env = env;
    leaving->limit = loop_timer_new(env->loop, on_limit, leaving);
    buf_addf(&limit, "%" PRId64 " ms", env->leave_ms);
    log_note(env->log, LOG_INFO, "limit", buf_str(&limit));
    buf_free(&limit);
    *ret_role = leaving;
    return 0;
}

static void drain_to_the_limit(void *role)
{
    const struct leaving *leaving = role;

    loop_timer_start(leaving->limit, (uint64_t)leaving->env->leave_ms);
}

static void free_leaving(void **role)
{
    struct leaving *leaving = *role;

    loop_timer_free(&leaving->limit);
    xfree(leaving);
    *role = NULL;
}

static const struct conf_section *const NO_SECTIONS[] = {NULL};

const struct service_role ROLE_PLAIN = {
    .name = "plain",
    .sections = NO_SECTIONS,
    .start = start_plain,
    .drain = drain_at_once,
    .free = forget,
};
const struct service_role ROLE_FAILING = {
    .name = "failing",
    .sections = NO_SECTIONS,
    .start = start_failing,
    .drain = drain_at_once,
    .free = forget,
};
const struct service_role ROLE_STUBBORN = {
    .name = "stubborn",
    .sections = NO_SECTIONS,
    .start = start_plain,
    .drain = drain_never,
    .free = forget,
};
const struct service_role ROLE_LEAVING = {
    .name = "leaving",
    .sections = NO_SECTIONS,
    .start = start_leaving,
    .drain = drain_to_the_limit,
    .free = free_leaving,
};

struct conf *stand_in_conf(void)
{
    const struct service_role *const roles[] = {&ROLE_PLAIN, NULL};
    const struct service service = {.name = "hikyaku-test", .purpose = "", .roles = roles};
    const struct conf_section **sections = sections_of(&service);
    struct conf *conf = NULL;

    ASSERT(conf_read("/dev/null", NULL, sections, NULL, &conf) == 0);
    xfree(sections);
    return conf;
}
