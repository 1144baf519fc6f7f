/* SPDX-License-Identifier: Apache-2.0
 * The one struct everything of the ingress role hangs off, and what its files share. */
#pragma once

#include "bus/bus.h"
#include "ingress/auth_failures.h"
#include "ingress/budget.h"
#include "ingress/settings.h"
#include "ingress/verify.h"
#include "net/listen.h"
#include "profile/configuration.h"
#include "proto/settings.h"
#include "service/service.h"
#include "smtp/server.h"

struct ingress_cells { /* hot series, looked up once */
    struct metric_cell *size, *stage_data, *stage_commit, *event_ok;
};

struct ingress {
    struct service_env *env;
    struct bus *bus;
    const struct ingress_settings *settings;
    const struct work_settings *work;
    struct configurations *configurations; /* replaced when the file is read again */
    struct users *users;                   /* NULL: no users_file is set */
    struct verify_desk *verify_desk;
    struct auth_failures *auth_failures;
    struct budget bodies;
    struct list listeners; /* struct ingress_listener */
    size_t session_count;
    struct list intakes; /* struct intake: mails on their way to the log, oldest first */
    bool is_draining, is_drained;
    struct ingress_cells cells;
    struct loop_timer *watch; /* once a second: readiness, deadlines */
};

/* A session or an intake ended: a draining role may be through. */
void ingress_on_idle(struct ingress *ingress);
