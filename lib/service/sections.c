/* SPDX-License-Identifier: Apache-2.0
 * Gathering the sections of a process. */
#include "service/sections.h"

#include <string.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "bus/settings.h"
#include "profile/configuration.h"
#include "profile/domains.h"
#include "service/logging.h"
#include "service/settings.h"

#define SECTIONS_MAX 48

/* Of all programs. A program that knows one of them has it in its list before these are added. */
static const struct conf_section OTHERS[] = {
    {.name = "audit"},     {.name = "bouncer"},   {.name = "dns"},   {.name = "embedded"},
    {.name = "ingress"},   {.name = "listeners"}, {.name = "redis"}, {.name = "routes"},
    {.name = "scheduler"}, {.name = "sender"},    {.name = "work"},  {.name = "destination_groups"},
};

/* The same section twice is one section; two different ones of a name would be a mistake. */
static void add(const struct conf_section **sections, const struct conf_section *section)
{
    size_t count = 0;

    for (; sections[count]; count++)
        if (strcmp(sections[count]->name, section->name) == 0) {
            ASSERT(sections[count] == section || !section->settings);
            return;
        }
    ASSERT(count < SECTIONS_MAX);
    sections[count] = section;
}

const struct conf_section **sections_of(const struct service *service)
{
    const struct conf_section **sections = xalloc((SECTIONS_MAX + 1) * sizeof *sections);

    add(sections, &SERVICE_SECTION);
    add(sections, &LOGGING_SECTION);
    add(sections, service->log ? service->log : &BUS_SECTION);
    add(sections, &CONFIGURATIONS_SECTION);
    add(sections, &SENDING_DOMAINS_SECTION);
    add(sections, &BOUNCES_SECTION);
    add(sections, &FORWARDING_RULES_SECTION);
    add(sections, &SOURCE_POOLS_SECTION);
    if (service->child)
        add(sections, service->child->section);
    for (size_t i = 0; service->roles[i]; i++)
        for (size_t j = 0; service->roles[i]->sections[j]; j++)
            add(sections, service->roles[i]->sections[j]);
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        add(sections, &OTHERS[i]);
    return sections;
}
