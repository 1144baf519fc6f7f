/* SPDX-License-Identifier: Apache-2.0
 * One librdkafka handle with the settings all handles share. Counted: a blocking call on the thread
 * pool may still use a handle that its owner has given up. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "bus/settings.h"
#include "net/loop.h"
#include "options.h"

struct client;

struct client_option {
    const char *name, *value;
};

struct client_plan {
    rd_kafka_type_t type;
    const char *id;                      /* client.id */
    const struct client_option *options; /* ends with a NULL name */
    /* Sets callbacks, events and opaque of the configuration. May be NULL. */
    void (*prepare)(rd_kafka_conf_t *conf, void *owner);
    void *owner;
};

/* Refuses a setting librdkafka refuses, naming it. Connects in the background only. */
MUST_CHECK int client_new(const struct bus_settings *settings, const struct client_plan *plan,
                          struct client **ret_client, struct err *err);
/* Whether librdkafka takes brokers, compression and the free settings. */
MUST_CHECK int client_check(const struct bus_settings *settings, struct err *err);

/* For every login from now on; connections that are open stay so. NULL client: nothing to do. */
void client_login(struct client *client, const struct options_login *login);
rd_kafka_t *client_rk(const struct client *client);
/* From any thread. */
struct client *client_take(struct client *client);
/* From any thread. The last one destroys the handle, which may block for seconds. NULL accepted,
 * NULL set. */
void client_put(struct client **client);
/* The same on the thread pool. */
void client_put_later(struct loop *loop, struct client **client);
