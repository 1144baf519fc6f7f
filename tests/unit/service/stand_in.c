/* SPDX-License-Identifier: Apache-2.0
 * The parts of bus.h that lib/service calls, and the roles. */
#include "unit/service/stand_in.h"

#include "base/xalloc.h"
#include "bus/settings.h"

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
