/* SPDX-License-Identifier: Apache-2.0
 * SIGHUP, or files that were replaced: the configuration is read again, checked as a whole, and
 * handed to the roles. A bad one changes nothing. Main thread only; waits for nothing, so that the
 * ops port answers meanwhile. Not for other folders. */
#pragma once

#include "service/ops_pages.h"
#include "service/source.h"

struct reload;

struct reload_plan { /* all of it outlives the reload */
    const struct source *source;
    const struct conf *first; /* of the start: what is not live has its values */
    struct log *log;
    struct bus_hub *hub;     /* NULL: none */
    struct ops_state *state; /* its roles have started */
};

struct reload *reload_new(const struct reload_plan *plan);
/* The roles have ended. NULL accepted, NULL set. */
void reload_free(struct reload **reload);
/* Reads, and either logs every fault or hands the new configuration to all roles. While one is
 * under way, another one follows it. */
void reload_start(struct reload *reload);
/* After the main bell: a role may have taken it over. */
void reload_look(struct reload *reload);
