/* SPDX-License-Identifier: Apache-2.0
 * Reading the services' configuration: which sections are looked at for which purpose. */
#include "ctl/settings.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "bouncer/bouncer.h"
#include "bouncer/settings.h"
#include "bus/kafka/scan.h"
#include "bus/lmdb/scan.h"
#include "ctl/auditor.h"
#include "hikyaku/redis_child.h"
#include "ingress/ingress.h"
#include "ingress/settings.h"
#include "profile/configuration.h"
#include "scheduler/scheduler.h"
#include "sender/sender.h"
#include "service/sections.h"

#define NO_FILE "/dev/null" /* is read as an empty one */

static void print_fault(void *owner, const char *sentence)
{
    (void)owner;
    (void)fprintf(stderr, "%s\n", sentence);
}

const struct scan_backend *settings_scan(bool is_embedded)
{
    return is_embedded ? &LMDB_SCAN : &KAFKA_SCAN;
}

static const struct conf_section *log_section(bool is_embedded)
{
    return is_embedded ? &LMDB_SECTION : &BUS_SECTION;
}

int settings_read(const struct arguments *arguments, const struct conf_section *const *sections,
                  struct conf **ret_conf)
{
    const struct conf_faults faults = {.on_fault = print_fault};

    return conf_read(arguments->file ? arguments->file : NO_FILE, arguments->sets, sections,
                     &faults, ret_conf);
}

static int read_services(const struct arguments *arguments, struct conf **ret_conf)
{
    static const struct service_role *const no_roles[] = {NULL};
    const struct service service = {
        .name = "hikyakuctl", .roles = no_roles, .log = log_section(arguments->is_embedded)};
    const struct conf_section **sections = sections_of(&service);
    int result = settings_read(arguments, sections, ret_conf);

    xfree(sections);
    return result;
}

int settings_read_for_preview(const struct arguments *arguments, struct conf **ret_conf)
{
    static const struct conf_section any_log = {.name = "log"};
    static const struct conf_section *const shown[] = {&INGRESS_SECTION, &BOUNCER_SECTION, NULL};
    static const struct service_role reader = {.name = "hikyakuctl", .sections = shown};
    static const struct service_role *const roles[] = {&reader, NULL};
    static const struct service service = {.name = "hikyakuctl", .roles = roles, .log = &any_log};
    const struct conf_section **sections = sections_of(&service);
    int result = settings_read(arguments, sections, ret_conf);

    xfree(sections);
    return result;
}

const struct conf_section **settings_all(bool is_embedded)
{
    const struct service_role *const roles[] = {
        &ingress_role,
        &scheduler_role,
        &sender_role,
        &bouncer_role,
        auditor_service(is_embedded)->roles[0],
        NULL,
    };
    const struct service service = {
        .name = "hikyakuctl",
        .roles = roles,
        .child = is_embedded ? &REDIS_CHILD : NULL,
        .log = log_section(is_embedded),
    };

    return sections_of(&service);
}

const struct configuration *settings_configuration(const struct configurations *configurations,
                                                   const struct arguments *arguments)
{
    const char *name = arguments->configuration ? arguments->configuration : CONFIGURATION_DEFAULT;
    const struct configuration *found = configurations_find(configurations, slice_str(name));

    if (slice_eq(found->name, slice_str(name)))
        return found;
    (void)fprintf(stderr, "--configuration is \"%s\"; allowed:", name);
    for (size_t i = 0; i < configurations_count(configurations); i++)
        (void)fprintf(stderr, "%s %.*s", i > 0 ? "," : "",
                      SLICE_ARGS(configurations_at(configurations, i)->name));
    (void)fputs("\n", stderr);
    return NULL;
}

void settings_log(const struct conf *conf, bool is_embedded, struct bus_settings *ret_log)
{
    struct configurations *configurations = configurations_new(conf);

    *ret_log = *(const struct bus_settings *)conf_values(conf, log_section(is_embedded));
    ret_log->longest_period_s = configurations_longest_period_s(configurations);
    configurations_free(&configurations);
}

enum ctl_exit settings_with_log(const struct arguments *arguments,
                                enum ctl_exit (*act)(const struct bus_settings *log,
                                                     const struct arguments *arguments))
{
    struct bus_settings log;
    struct conf *conf = NULL;

    if (read_services(arguments, &conf))
        return CTL_USAGE;
    settings_log(conf, arguments->is_embedded, &log);
    enum ctl_exit result = act(&log, arguments);
    conf_free(&conf);
    return result;
}
