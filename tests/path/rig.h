/* SPDX-License-Identifier: Apache-2.0
 * All four services on one loop: the in-memory log, a real Redis, a destination, an application.
 * Stands in for the process around the roles, by linking. */
#pragma once

#include "fakes/service_fake.h"
#include "path/client.h"
#include "path/clock.h"
#include "path/destination.h"
#include "path/journal.h"
#include "unit/net/cases.h"
#include "unit/redis/private_redis.h"

#define RIG_ROLES  4
#define RIG_SENDER "app@shop.test"

struct rig_role {
    const struct service_role *role;
    struct service_env env;
    struct service_role_state state;
    void *instance;
};

struct rig {
    struct private_redis server;
    struct loop *loop;
    struct bus_hub *hub;
    struct conf *conf;
    struct log *log;
    struct destination destination, archive;
    struct journal journal;
    struct rig_role roles[RIG_ROLES]; /* the ingress first */
    struct client client;
};

/* Waits until all roles are ready. more: further settings, NULL-terminated. */
void rig_begin(struct rig *rig, const char *const *more);
/* A copy of every mail goes to rig.archive. */
void rig_begin_with_archive(struct rig *rig);
/* Checks that nothing is left in hand; SIGTERM, drained, freed. */
void rig_end(struct rig *rig);

/* Begins to hand in a mail; rig_reply waits for its end. */
void rig_submit(struct rig *rig, const char *from, const char *rcpts, struct slice content);
uint16_t rig_reply(struct rig *rig);
/* Both. */
uint16_t rig_send(struct rig *rig, const char *from, const char *rcpts, struct slice content);
/* Waits until the recipient has a mail. */
const struct destination_mail *rig_arrival(struct rig *rig, const char *rcpt);
/* Waits until everything that was read from work and failure is finished. */
void rig_settle(struct rig *rig);
