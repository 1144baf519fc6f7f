/* SPDX-License-Identifier: Apache-2.0
 * Making handles. librdkafka writes its log lines nowhere: errors reach us as values, and libraries
 * never log. */
#include "client.h"

#include <stdatomic.h>
#include <string.h>

#include "base/assert.h"
#include "base/xalloc.h"

struct client {
    rd_kafka_t *rk;
    _Atomic unsigned references;
};

/* Of every handle. Broker back in half a second, not in ten: the defaults double up to 10 s. */
static const struct client_option shared_options[] = {
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "500"},
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    {"topic.metadata.refresh.interval.ms", "10000"},
    {"allow.auto.create.topics", "false"},
    {"log_level", "0"},
    {NULL, NULL},
};

static void drop_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)line;
}

static int set_options(rd_kafka_conf_t *conf, const struct client_option *options, struct err *err)
{
    for (; options->name; options++)
        if (option_set(conf, options->name, options->value, err))
            return -1;
    return 0;
}

static int set_settings(rd_kafka_conf_t *conf, const struct bus_settings *settings, struct err *err)
{
    if (set_options(conf, shared_options, err) ||
        option_set(conf, "bootstrap.servers", settings->brokers, err))
        return -1;
    return options_set(conf, settings, err);
}

static rd_kafka_t *open_handle(const struct client_plan *plan, rd_kafka_conf_t *conf,
                               struct err *err)
{
    char why[256];
    rd_kafka_t *rk = rd_kafka_new(plan->type, conf, why, sizeof why);

    if (!rk)
        (void)err_set(err, ERR_INVALID, "librdkafka cannot start for %s: %s", plan->id, why);
    return rk;
}

int client_new(const struct bus_settings *settings, const struct client_plan *plan,
               struct client **ret_client, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *rk = NULL;

    rd_kafka_conf_set_log_cb(conf, drop_log);
    if (plan->prepare)
        plan->prepare(conf, plan->owner);
    if (set_settings(conf, settings, err) == 0 &&
        option_set(conf, "client.id", plan->id, err) == 0 &&
        set_options(conf, plan->options, err) == 0)
        rk = open_handle(plan, conf, err);
    if (!rk) {
        rd_kafka_conf_destroy(conf); /* rd_kafka_new takes it only when it succeeds */
        return -1;
    }
    *ret_client = xalloc(sizeof **ret_client);
    (*ret_client)->rk = rk;
    atomic_init(&(*ret_client)->references, 1);
    return 0;
}

int client_check(const struct bus_settings *settings, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int result = set_settings(conf, settings, err);

    if (result == 0)
        result = option_set(conf, "compression.codec", settings->compression, err);
    rd_kafka_conf_destroy(conf);
    return result;
}

/* PLAIN and SCRAM only; other mechanisms have no login that could be set. */
void client_login(struct client *client, const struct options_login *login)
{
    struct options_login words = *login;

    if (!client || words.password.len == 0)
        return;
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(client->rk, buf_str(&words.username),
                                                            buf_str(&words.password));
    if (error)
        rd_kafka_error_destroy(error);
}

rd_kafka_t *client_rk(const struct client *client)
{
    return client->rk;
}

struct client *client_take(struct client *client)
{
    atomic_fetch_add(&client->references, 1);
    return client;
}

void client_put(struct client **client)
{
    struct client *c = *client;

    *client = NULL;
    if (!c || atomic_fetch_sub(&c->references, 1) > 1)
        return;
    /* Consumers were closed by their owner, or cannot be any more. */
    rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    xfree(c);
}

static void put_on_pool(void *owner)
{
    struct client *client = owner;

    client_put(&client);
}

static void put_done(void *owner)
{
    (void)owner;
}

void client_put_later(struct loop *loop, struct client **client)
{
    if (*client)
        loop_offload(loop, put_on_pool, put_done, *client);
    *client = NULL;
}
