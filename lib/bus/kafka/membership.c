/* SPDX-License-Identifier: Apache-2.0
 * The handle of a consumer: opening it, joining the group, losing it by a fatal error, closing it.
 * Nothing here waits: closing is served by the tick, destroying is done on the thread pool. */
#include "base/buf.h"
#include "base/xalloc.h"
#include "client.h"
#include "commit.h"
#include "consumer.h"
#include "edge.h"
#include "lookup.h"
#include "pump.h"

#define REOPEN_MS     10000
#define CLOSING_BATCH 1000 /* records dropped in one go, so that the loop lives */

static uint64_t now_ms(const struct bus_consumer *consumer)
{
    return loop_now_ms(consumer->bus->loop);
}

static void prepare(rd_kafka_conf_t *conf, void *owner)
{
    rd_kafka_conf_set_opaque(conf, owner);
    rd_kafka_conf_set_rebalance_cb(conf, assignment_on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, commit_on_result);
}

static int open_client(struct bus_consumer *consumer, struct err *err)
{
    const struct bus_settings *settings = &consumer->bus->hub->settings;
    struct buf session = {0}, heartbeat = {0}, prefetch = {0}, wait = {0};

    buf_add_u64(&session, (uint64_t)settings->session_timeout_ms);
    buf_add_u64(&heartbeat, (uint64_t)settings->session_timeout_ms / 10);
    buf_add_u64(&prefetch, (uint64_t)settings->prefetch_kbytes);
    buf_add_u64(&wait, (uint64_t)settings->fetch_wait_ms);
    const struct client_option options[] = {
        {"group.id", consumer->group},
        {"session.timeout.ms", buf_str(&session)},
        {"heartbeat.interval.ms", buf_str(&heartbeat)},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"}, /* assignment_on_reset decides */
        {"partition.assignment.strategy", "range"},
        {"queued.max.messages.kbytes", buf_str(&prefetch)},
        {"fetch.wait.max.ms", buf_str(&wait)},
        {"fetch.min.bytes", "32768"},
        {"fetch.max.bytes", "8388608"},
        {"fetch.error.backoff.ms", "100"},
        {consumer->instance_id[0] ? "group.instance.id" : NULL, consumer->instance_id},
        {NULL, NULL},
    };
    const struct client_plan plan = {.type = RD_KAFKA_CONSUMER,
                                     .id = consumer->bus->name,
                                     .options = options,
                                     .prepare = prepare,
                                     .owner = consumer};
    int result = client_new(settings, &plan, &consumer->client, err);
    buf_free(&session);
    buf_free(&heartbeat);
    buf_free(&prefetch);
    buf_free(&wait);
    return result;
}

static void subscribe(struct bus_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(topics, consumer->topic_name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(client_rk(consumer->client), topics);
    if (error)
        hub_count_error(consumer->bus, error);
    rd_kafka_topic_partition_list_destroy(topics);
}

static void drop_client(struct bus_consumer *consumer)
{
    consumer->phase = CONSUMER_CLOSED;
    lookup_abandon(&consumer->lookup);
    edge_abandon(&consumer->ends);
    pump_free(&consumer->pump);
    if (consumer->queue)
        rd_kafka_queue_destroy(consumer->queue);
    consumer->queue = NULL;
    client_put_later(consumer->bus->loop, &consumer->client);
    consumer->is_commit_sent = false;
}

/* Fenced by another process with our instance id, or the like: the handle is dead. A new one is
 * made after a while; were the other one alive, we would fence each other in turns. */
static void on_fatal(struct bus_consumer *consumer)
{
    assignment_lose(consumer);
    drop_client(consumer);
    consumer->deadline_ms = now_ms(consumer) + REOPEN_MS;
}

/* Records that were fetched already come here as well, and nobody wants them any more.
 * rd_kafka_queue_poll_callback would abort at the first of them: it knows callbacks only. */
static void serve_closing(struct bus_consumer *consumer)
{
    rd_kafka_message_t *fetched;

    for (int i = 0; i < CLOSING_BATCH && (fetched = rd_kafka_consume_queue(consumer->queue, 0));
         i++)
        rd_kafka_message_destroy(fetched);
}

void membership_poll(void *owner)
{
    struct bus_consumer *consumer = owner;
    bool is_alive = true;

    if (consumer->phase == CONSUMER_CLOSING)
        serve_closing(consumer);
    else
        is_alive = delivery_poll(consumer);
    if (!is_alive)
        on_fatal(consumer);
}

void membership_open(struct bus_consumer *consumer)
{
    struct err err;

    if (open_client(consumer, &err)) {
        hub_count_error(consumer->bus, RD_KAFKA_RESP_ERR__FAIL);
        consumer->phase = CONSUMER_CLOSED;
        consumer->deadline_ms = now_ms(consumer) + REOPEN_MS;
        return;
    }
    (void)rd_kafka_poll_set_consumer(client_rk(consumer->client));
    consumer->queue = rd_kafka_queue_get_consumer(client_rk(consumer->client));
    consumer->pump = pump_new(consumer->bus->loop, consumer->queue, membership_poll, consumer);
    consumer->phase = CONSUMER_RUNNING;
    subscribe(consumer);
}

/* ---- closing ---- */

void membership_close(struct bus_consumer *consumer)
{
    rd_kafka_t *rk = client_rk(consumer->client);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk); /* what closing has to say comes here */
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);

    pump_free(&consumer->pump);
    rd_kafka_queue_destroy(consumer->queue);
    consumer->queue = queue;
    if (error) { /* a fatal error came first: nothing to leave */
        consumer->deadline_ms = 0;
        rd_kafka_error_destroy(error);
    }
    loop_timer_start(consumer->tick, 0);
}

void membership_renew(struct bus_consumer *consumer)
{
    if (consumer->phase == CONSUMER_CLOSED || consumer->is_leaving)
        return; /* the next handle, if there is one, reads the files anyway */
    consumer->is_renewing = true;
    assignment_leave(consumer, consumer->bus->hub->settings.drain_ms);
}

void membership_reopen(struct bus_consumer *consumer)
{
    consumer->is_renewing = false;
    drop_client(consumer);
    membership_open(consumer);
}

void membership_finish(struct bus_consumer *consumer)
{
    const struct bus_consumer_ops *ops = consumer->ops;
    void *owner = consumer->owner;

    drop_client(consumer);
    list_remove(&consumer->bus->consumers, &consumer->node);
    loop_later_cancel(consumer->bus->loop, &consumer->step_later);
    loop_timer_free(&consumer->tick);
    loop_timer_free(&consumer->assign_timer);
    for (int32_t p = 0; p < consumer->part_count; p++)
        watermark_free(&consumer->parts[p].watermark);
    xfree(consumer->parts);
    xfree(consumer->group);
    xfree(consumer->instance_id);
    xfree(consumer);
    ops->on_left(owner);
}

bool membership_is_closed(const struct bus_consumer *consumer)
{
    return consumer->phase == CONSUMER_CLOSED ||
           (consumer->phase == CONSUMER_CLOSING &&
            (rd_kafka_consumer_closed(client_rk(consumer->client)) ||
             now_ms(consumer) >= consumer->deadline_ms));
}
