/* SPDX-License-Identifier: Apache-2.0
 * The one struct everything of the bouncer role hangs off. */
#pragma once

#include "bouncer/settings.h"
#include "bus/bus.h"
#include "profile/configuration.h"
#include "proto/settings.h"
#include "service/service.h"

struct bouncer {
    struct service_env *env;
    struct bus *bus;
    struct bus_consumer *consumer; /* NULL once it was left */
    const struct bouncer_settings *settings;
    const struct work_settings *work;
    struct configurations *configurations; /* replaced when the file is read again */
    struct loop_timer *tick;
    /* Failures in hand; a failure is in exactly one. */
    struct list working; /* waits for the log */
    struct list resting; /* waits for the next tick, then repeats its step */
    struct list revoked; /* struct revocation (bouncer.c): partitions to release */
    bool is_paused, is_draining;
};

/* A failure has ended: there is room for another, and it may have been its partition's last. */
void bouncer_on_ended(struct bouncer *bouncer);
