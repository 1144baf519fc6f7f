/* SPDX-License-Identifier: Apache-2.0
 * Reading the services' configuration: which sections are looked at for which purpose. */
#include "ctl/settings.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "bouncer/bouncer.h"
#include "bouncer/settings.h"
#include "bus/lmdb/section.h"
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

/* The sections of a service, with the given one for the log. The caller frees it. */
static const struct conf_section **sections_with_log(const struct service *service,
                                                     const struct conf_section *log)
{
    const struct conf_section **sections = sections_of(service);

    for (size_t i = 0; sections[i]; i++)
        if (sections[i] == &BUS_SECTION)
            sections[i] = log;
    return sections;
}

static int read_services(const struct arguments *arguments, struct conf **ret_conf)
{
    static const struct service_role *const no_roles[] = {NULL};
    static const struct service service = {.name = "hikyakuctl", .roles = no_roles};
    const struct conf_faults faults = {.on_fault = print_fault};
    const struct conf_section **sections = sections_with_log(&service, &BUS_SECTION);
    int result = conf_read(arguments->file, arguments->sets, sections, &faults, ret_conf);

    xfree(sections);
    return result;
}

int settings_read_for_preview(const struct arguments *arguments, struct conf **ret_conf)
{
    static const struct conf_section any_log = {.name = "log"};
    static const struct conf_section *const shown[] = {&INGRESS_SECTION, &BOUNCER_SECTION, NULL};
    static const struct service_role reader = {.name = "hikyakuctl", .sections = shown};
    static const struct service_role *const roles[] = {&reader, NULL};
    static const struct service service = {.name = "hikyakuctl", .roles = roles};
    const struct conf_faults faults = {.on_fault = print_fault};
    const struct conf_section **sections = sections_with_log(&service, &any_log);
    const char *file = arguments->file ? arguments->file : NO_FILE;
    int result = conf_read(file, arguments->sets, sections, &faults, ret_conf);

    xfree(sections);
    return result;
}

const struct conf_section **settings_all(bool is_embedded)
{
    static const struct service_role *const roles[] = {
        &ingress_role, &scheduler_role, &sender_role, &bouncer_role, NULL,
    };
    const struct service service = {
        .name = "hikyakuctl",
        .roles = roles,
        .child = is_embedded ? &REDIS_CHILD : NULL,
    };

    return sections_with_log(&service, is_embedded ? &LMDB_SECTION : &BUS_SECTION);
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

enum ctl_exit settings_with_log(const struct arguments *arguments,
                                enum ctl_exit (*act)(const struct bus_settings *log,
                                                     const struct arguments *arguments))
{
    struct conf *conf = NULL;

    if (read_services(arguments, &conf))
        return CTL_USAGE;
    struct bus_settings log = *(const struct bus_settings *)conf_values(conf, &BUS_SECTION);
    struct configurations *configurations = configurations_new(conf);
    log.longest_period_s = configurations_longest_period_s(configurations);
    configurations_free(&configurations);
    enum ctl_exit result = act(&log, arguments);
    conf_free(&conf);
    return result;
}
