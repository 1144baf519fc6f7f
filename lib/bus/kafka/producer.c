/* SPDX-License-Identifier: Apache-2.0
 * Every ticket is in one list: in_flight (librdkafka has the record), failed (refused at once; told
 * at the end of the turn), or with its record in held (the handle is about to be changed). A record
 * is one malloc'd block that librdkafka frees. */
#include "producer.h"

#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "client.h"
#include "held.h"
#include "probe.h"
#include "pump.h"

struct producer {
    struct bus *bus;
    struct client *client;
    rd_kafka_queue_t *queue;
    struct pump *pump;
    rd_kafka_topic_t *topics[BUS_TOPICS];
    struct list in_flight, failed;
    struct loop_later tell_later;
    bool is_renewing;
    struct list held;
    struct loop_later change_later;
    rd_kafka_event_t *reports; /* delivery reports not yet worked off */
};

static void prepare(rd_kafka_conf_t *conf, void *owner)
{
    (void)owner;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
}

static int open_client(const struct producer *producer, struct client **ret_client, struct err *err)
{
    const struct bus_settings *settings = &producer->bus->hub->settings;
    struct buf linger = {0}, timeout = {0}, kbytes = {0}, records = {0};

    buf_add_u64(&linger, (uint64_t)(producer->bus->pace == BUS_PROMPT ? settings->linger_ms
                                                                      : settings->gather_ms));
    buf_add_u64(&timeout, (uint64_t)settings->publish_timeout_ms);
    buf_add_u64(&kbytes, (uint64_t)settings->queue_kbytes);
    buf_add_u64(&records, PRODUCER_QUEUE_RECORDS);
    const struct client_option options[] = {
        {"acks", "all"},
        {"enable.idempotence", settings->idempotence ? "true" : "false"},
        /* Without sequence numbers a retry could overtake: one request at a time keeps order. */
        {"max.in.flight.requests.per.connection", settings->idempotence ? "5" : "1"},
        {"linger.ms", buf_str(&linger)},
        {"message.timeout.ms", buf_str(&timeout)},
        {"queue.buffering.max.kbytes", buf_str(&kbytes)},
        {"queue.buffering.max.messages", buf_str(&records)},
        {"message.max.bytes", "1000000"},
        {"retry.backoff.ms", "100"},
        {"compression.codec", settings->compression},
        {NULL, NULL},
    };
    const struct client_plan plan = {.type = RD_KAFKA_PRODUCER,
                                     .id = producer->bus->name,
                                     .options = options,
                                     .prepare = prepare};
    int result = client_new(settings, &plan, ret_client, err);
    buf_free(&linger);
    buf_free(&timeout);
    buf_free(&kbytes);
    buf_free(&records);
    return result;
}

/* ---- acknowledgements ---- */

static enum err_kind kind_of(rd_kafka_resp_err_t error)
{
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return ERR_LIMIT;
    if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
        error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD)
        return ERR_INVALID;
    return ERR_RETRY;
}

static enum bus_topic topic_of(const struct producer *producer, const rd_kafka_topic_t *rkt)
{
    enum bus_topic topic = 0;

    while (topic < BUS_TOPICS && producer->topics[topic] != rkt)
        topic++;
    ASSERT(topic < BUS_TOPICS);
    return topic;
}

static void tell_failed(void *owner)
{
    struct producer *producer = owner;
    struct list_node *node;

    while ((node = list_shift(&producer->failed))) {
        struct bus_ticket *ticket = LIST_OWNER(node, struct bus_ticket, node);
        const struct bus_ack ack = ticket->failure;
        ticket->on_acked(ticket->owner, ticket, &ack);
    }
}

static void fail_ticket(struct producer *producer, struct bus_ticket *ticket,
                        const struct bus_ack *failure)
{
    ticket->failure = *failure;
    list_push(&producer->failed, &ticket->node);
    loop_later(producer->bus->loop, &producer->tell_later, tell_failed, producer);
}

static bool produce_again(const rd_kafka_message_t *report)
{
    char *bytes = report->payload ? xalloc(report->len + 1) : NULL;

    if (bytes)
        memcpy(bytes, report->payload, report->len);
    if (rd_kafka_produce(report->rkt, report->partition, RD_KAFKA_MSG_F_FREE, bytes, report->len,
                         report->key, report->key_len, report->_private) == 0)
        return true;
    xfree(bytes);
    return false;
}

static void count_report(struct producer *producer, const rd_kafka_message_t *report)
{
    struct bus_stats *stats = &producer->bus->stats;
    enum bus_topic topic = topic_of(producer, report->rkt);
    int64_t latency_us = rd_kafka_message_latency(report);

    stats->queue_records--;
    stats->queue_bytes -= report->len;
    if (report->err) {
        stats->publish_failed[topic]++;
        return;
    }
    stats->published[topic]++;
    durations_add(&stats->acks[topic], latency_us > 0 ? (uint64_t)latency_us : 0);
}

static void on_report(struct producer *producer, const rd_kafka_message_t *report)
{
    struct bus_ticket *ticket = report->_private;
    struct bus_ack ack = {.ok = !report->err, .offset = report->offset, .detail = ""};

    /* Stored by an earlier try whose answer was lost (DUPLICATE_SEQUENCE_NUMBER): durable, but its
     * place is unknown. A second copy is harmless, a pointer to nowhere is not. */
    if (ack.ok && ack.offset < 0) {
        if (produce_again(report))
            return;
        ack.ok = false;
    }
    count_report(producer, report);
    if (!ack.ok) {
        ack.kind = kind_of(report->err);
        ack.maybe_persisted = rd_kafka_message_status(report) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
        ack.detail = rd_kafka_err2str(report->err);
        probe_hurry(producer->bus->probe);
    }
    list_remove(&producer->in_flight, &ticket->node);
    ticket->on_acked(ticket->owner, ticket, &ack);
}

/* ---- a new handle for a dead one ---- */

static void attach(struct producer *producer, struct client *client)
{
    producer->client = client;
    producer->queue = rd_kafka_queue_get_main(client_rk(client));
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++) {
        producer->topics[topic] =
            rd_kafka_topic_new(client_rk(client), producer->bus->hub->topic_names[topic], NULL);
        ASSERT(producer->topics[topic] != NULL);
    }
}

static void detach(struct producer *producer)
{
    if (producer->reports)
        rd_kafka_event_destroy(producer->reports);
    producer->reports = NULL;
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        rd_kafka_topic_destroy(producer->topics[topic]);
    rd_kafka_queue_destroy(producer->queue);
    producer->queue = NULL;
}

/* Whatever was handed to the old handle may or may not be stored: its reports are never read. */
static void fail_in_flight(struct producer *producer, const char *detail)
{
    const struct bus_ack failure = {.kind = ERR_RETRY, .maybe_persisted = true, .detail = detail};
    struct bus_stats *stats = &producer->bus->stats;
    struct list_node *node;

    while ((node = list_shift(&producer->in_flight)))
        fail_ticket(producer, LIST_OWNER(node, struct bus_ticket, node), &failure);
    stats->queue_records = stats->queue_bytes = 0;
}

/* False: there is no new handle, and the old one stays; files may be about to be replaced. */
static bool change_client(struct producer *producer, const char *detail)
{
    struct client *fresh = NULL, *old = producer->client;
    struct err err;

    if (open_client(producer, &fresh, &err)) {
        hub_count_error(producer->bus, RD_KAFKA_RESP_ERR__FAIL);
        return false;
    }
    pump_switch(producer->pump, NULL);
    detach(producer);
    fail_in_flight(producer, detail);
    attach(producer, fresh);
    pump_switch(producer->pump, producer->queue);
    client_put_later(producer->bus->loop, &old);
    return true;
}

/* A fatal error of the idempotent producer is final for its handle, and in 2.0.2 may be a false
 * alarm after a disconnect: the next handle works. Without one each record tries again. */
static void replace(struct producer *producer)
{
    (void)change_client(producer, "the producer had to be replaced after a fatal error");
}

/* ---- publishing ---- */

/* Head and body behind one another, in a block librdkafka will free. One byte more, so that an
 * empty value is not taken for none. */
static char *gather(const struct bus_record *record)
{
    char *bytes = xalloc(record->head.len + record->body.len + 1);

    if (record->head.len)
        memcpy(bytes, record->head.at, record->head.len);
    if (record->body.len)
        memcpy(bytes + record->head.len, record->body.at, record->body.len);
    return bytes;
}

/* What no broker needs to be asked about; NULL: fine. */
static const char *refusal_of(const struct producer *producer, const struct bus_record *record)
{
    int32_t partitions = producer->bus->partitions[record->topic];
    bool is_compacted = bus_topic_row(record->topic)->is_compacted;
    size_t len = record->head.len + record->body.len;

    if (len > BUS_RECORD_MAX_BYTES)
        return "the record is larger than the log takes";
    if (record->partition < 0 || (partitions > 0 && record->partition >= partitions))
        return "the topic has no such partition";
    if (is_compacted && record->key.len == 0)
        return "a record of a compacted topic needs a key";
    if (record->is_tombstone && (!is_compacted || len > 0))
        return "a tombstone is a key without a value, on a compacted topic";
    return NULL;
}

static rd_kafka_resp_err_t hand_over(const struct producer *producer,
                                     const struct bus_record *record, struct bus_ticket *ticket)
{
    char *bytes = record->is_tombstone ? NULL : gather(record);

    if (rd_kafka_produce(producer->topics[record->topic], record->partition, RD_KAFKA_MSG_F_FREE,
                         bytes, record->head.len + record->body.len, record->key.at,
                         record->key.len, ticket) == 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    xfree(bytes);
    return rd_kafka_last_error();
}

static void refuse(struct producer *producer, enum bus_topic topic, struct bus_ticket *ticket,
                   const struct bus_ack *failure)
{
    producer->bus->stats.publish_failed[topic]++;
    fail_ticket(producer, ticket, failure);
}

static void count_waiting(struct producer *producer, const struct bus_record *record)
{
    producer->bus->stats.queue_records++;
    producer->bus->stats.queue_bytes += record->head.len + record->body.len;
}

static void publish(struct producer *producer, const struct bus_record *record,
                    struct bus_ticket *ticket)
{
    ASSERT((unsigned)record->topic < BUS_TOPICS);
    ticket->bus = producer->bus;
    ticket->partition = record->partition;
    const char *refusal = refusal_of(producer, record);
    if (refusal) {
        refuse(producer, record->topic, ticket,
               &(struct bus_ack){.kind = ERR_INVALID, .detail = refusal});
        return;
    }
    rd_kafka_resp_err_t error = hand_over(producer, record, ticket);
    if (error == RD_KAFKA_RESP_ERR__FATAL) { /* its event is still on the way, and will be lost */
        hub_count_error(producer->bus, error);
        replace(producer);
        error = hand_over(producer, record, ticket);
    }
    if (error) {
        refuse(producer, record->topic, ticket,
               &(struct bus_ack){.kind = kind_of(error), .detail = rd_kafka_err2str(error)});
        return;
    }
    list_push(&producer->in_flight, &ticket->node);
    count_waiting(producer, record);
}

/* ---- a new handle for one with old certificates ---- */

static void release_held(struct producer *producer)
{
    struct bus_stats *stats = &producer->bus->stats;
    struct held *held;

    stats->queue_records = stats->queue_bytes = 0; /* each counts itself again */
    while ((held = held_shift(&producer->held))) {
        const struct bus_record record = held_record(held);
        publish(producer, &record, held_ticket(held));
        held_free(&held);
    }
}

static void change_now(void *owner)
{
    struct producer *producer = owner;

    (void)change_client(producer, "");
    producer->is_renewing = false;
    release_held(producer);
}

static void change_when_idle(struct producer *producer)
{
    if (producer->is_renewing && producer->in_flight.count == 0)
        loop_later(producer->bus->loop, &producer->change_later, change_now, producer);
}

/* ---- events ---- */

/* The next report, from the event in hand or the next one; NULL: no more for now. */
static const rd_kafka_message_t *next_report(struct producer *producer)
{
    const rd_kafka_message_t *report = NULL;

    if (producer->reports && !(report = rd_kafka_event_message_next(producer->reports))) {
        rd_kafka_event_destroy(producer->reports);
        producer->reports = NULL;
    }
    return report;
}

static void on_event(struct producer *producer, rd_kafka_event_t *event)
{
    rd_kafka_event_type_t type = rd_kafka_event_type(event);

    if (type == RD_KAFKA_EVENT_DR) {
        producer->reports = event;
        return;
    }
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    if (type == RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT)
        probe_on_configs(producer->bus->probe, event);
    rd_kafka_event_destroy(event);
    if (type != RD_KAFKA_EVENT_ERROR)
        return;
    hub_count_error(producer->bus, error);
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        replace(producer);
    else if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        probe_on_disconnected(producer->bus->probe);
}

static void on_events(void *owner)
{
    struct producer *producer = owner;

    for (unsigned done = 0; done < PUMP_BATCH; done++) {
        const rd_kafka_message_t *report = next_report(producer);
        if (report) {
            on_report(producer, report);
            continue;
        }
        rd_kafka_event_t *event = rd_kafka_queue_poll(producer->queue, 0);
        if (!event) {
            change_when_idle(producer);
            return;
        }
        on_event(producer, event);
    }
    pump_again(producer->pump);
}

/* ---- public ---- */

int producer_new(struct bus *bus, struct producer **ret_producer, struct err *err)
{
    struct producer *producer = xalloc(sizeof *producer);
    struct client *client = NULL;

    producer->bus = bus;
    list_init(&producer->in_flight);
    list_init(&producer->failed);
    list_init(&producer->held);
    if (open_client(producer, &client, err)) {
        xfree(producer);
        return -1;
    }
    attach(producer, client);
    producer->pump = pump_new(bus->loop, producer->queue, on_events, producer);
    *ret_producer = producer;
    return 0;
}

static void fail_held(struct producer *producer)
{
    const struct bus_ack failure = {.kind = ERR_RETRY, .detail = "the log is being closed"};
    struct held *held;

    while ((held = held_shift(&producer->held))) {
        fail_ticket(producer, held_ticket(held), &failure);
        held_free(&held);
    }
}

void producer_free(struct producer **producer)
{
    struct producer *p = *producer;

    if (!p)
        return;
    fail_in_flight(p, "the log is being closed");
    fail_held(p);
    loop_later_cancel(p->bus->loop, &p->change_later);
    loop_later_cancel(p->bus->loop, &p->tell_later);
    tell_failed(p);
    pump_free(&p->pump);
    detach(p);
    client_put(&p->client);
    xfree(p);
    *producer = NULL;
}

void producer_publish(struct producer *producer, const struct bus_record *record,
                      struct bus_ticket *ticket)
{
    if (!producer->is_renewing) {
        publish(producer, record, ticket);
        return;
    }
    held_push(&producer->held, record, ticket);
    count_waiting(producer, record);
}

void producer_renew(struct producer *producer)
{
    producer->is_renewing = true;
    change_when_idle(producer);
}

struct client *producer_client(const struct producer *producer)
{
    return producer->client;
}

rd_kafka_queue_t *producer_queue(const struct producer *producer)
{
    return producer->queue;
}
