/* SPDX-License-Identifier: Apache-2.0
 * Reading the services' configuration. */
#include "ctl/settings.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "service/retry_section.h"
#include "service/sections.h"

static void print_fault(void *owner, const char *sentence)
{
    (void)owner;
    (void)fprintf(stderr, "%s\n", sentence);
}

int settings_read(const struct arguments *arguments, struct conf **ret_conf)
{
    static const struct service_role *const no_roles[] = {NULL};
    static const struct service service = {.name = "hikyakuctl", .roles = no_roles};
    const struct conf_faults faults = {.on_fault = print_fault};
    const struct conf_section **sections = sections_of(&service);
    int result = conf_read(arguments->file, arguments->sets, sections, &faults, ret_conf);

    xfree(sections);
    return result;
}

struct bus_settings settings_of_log(const struct conf *conf)
{
    struct bus_settings settings = *(const struct bus_settings *)conf_values(conf, &BUS_SECTION);

    settings.longest_period_s = retry_section_get(conf).period_s;
    return settings;
}
