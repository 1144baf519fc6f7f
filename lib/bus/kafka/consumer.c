/* SPDX-License-Identifier: Apache-2.0
 * The consumer as bus.h shows it: opening, polling, delivery, back-pressure, leaving. Records are
 * handed on as librdkafka holds them and destroyed at once: a kept one would pin its fetch buffer.
 */
#include "consumer.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "client.h"
#include "pump.h"

#define TICK_MS         200 /* commits; also polls, or librdkafka takes us for dead */
#define CLOSING_TICK_MS 20
#define GATHER_MS       5    /* bus_start calls of one assignment come together */
#define PARK_AFTER_MS   1000 /* held longer: pause in librdkafka, so that polling can go on */
#define REOPEN_MS       10000

static uint64_t now_ms(const struct bus_consumer *consumer)
{
    return loop_now_ms(consumer->bus->loop);
}

struct part *consumer_part(const struct bus_consumer *consumer, int32_t partition)
{
    if (partition < 0 || partition >= consumer->part_count)
        return NULL;
    return &consumer->parts[partition];
}

/* ---- flow ---- */

static bool wants_pause(const struct bus_consumer *consumer, const struct part *part)
{
    size_t resume_at = part->is_paused ? CONSUMER_WIDTH / 2 : CONSUMER_WIDTH;

    if (part->state != PART_STARTED)
        return false;
    return consumer->is_parked || watermark_count(part->watermark) >= resume_at;
}

/* Resuming what is not paused would deliver twice, and every pause throws away what was prefetched:
 * only changes go to librdkafka. */
void consumer_set_flow(struct bus_consumer *consumer, int32_t partition)
{
    struct part *part = &consumer->parts[partition];
    bool pause = wants_pause(consumer, part);

    if (pause == part->is_paused || !consumer->client)
        return;
    part->is_paused = pause;
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, consumer->topic_name, partition);
    if (pause)
        (void)rd_kafka_pause_partitions(client_rk(consumer->client), one);
    else
        (void)rd_kafka_resume_partitions(client_rk(consumer->client), one);
    rd_kafka_topic_partition_list_destroy(one);
}

static void set_parked(struct bus_consumer *consumer, bool is_parked)
{
    if (consumer->is_parked == is_parked)
        return;
    consumer->is_parked = is_parked;
    for (int32_t p = 0; p < consumer->part_count; p++)
        consumer_set_flow(consumer, p);
}

/* ---- delivery ---- */

static void restart_part(struct bus_consumer *consumer, struct part *part, int64_t position)
{
    part->state = PART_STARTED;
    part->position = position;
    part->is_restarting = true;
    if (!loop_timer_is_running(consumer->assign_timer))
        loop_timer_start(consumer->assign_timer, GATHER_MS);
}

static void deliver(struct bus_consumer *consumer, const rd_kafka_message_t *record)
{
    rd_kafka_timestamp_type_t type;
    const struct bus_delivery delivery = {
        .partition = record->partition,
        .offset = record->offset,
        .stored_at_ms = rd_kafka_message_timestamp(record, &type),
        .key = slice_of(record->key, record->key_len),
        .value = slice_of(record->payload, record->len),
        .is_tombstone = record->payload == NULL,
    };

    consumer->bus->stats.consumed[consumer->topic]++;
    consumer->ops->on_record(consumer->owner, &delivery);
}

static void on_record(struct bus_consumer *consumer, const rd_kafka_message_t *record)
{
    struct part *part = consumer_part(consumer, record->partition);

    if (!part || part->state != PART_STARTED || part->is_restarting ||
        record->offset < part->position)
        return;
    if (watermark_is_full(part->watermark)) { /* it slipped in before the pause: fetch it again */
        restart_part(consumer, part, record->offset);
        return;
    }
    part->position = record->offset + 1;
    watermark_take(part->watermark, record->offset);
    deliver(consumer, record);
    consumer_set_flow(consumer, record->partition);
}

/* ---- the handle ---- */

static void prepare(rd_kafka_conf_t *conf, void *owner)
{
    rd_kafka_conf_set_opaque(conf, owner);
    rd_kafka_conf_set_rebalance_cb(conf, assignment_on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, commit_on_result);
}

static int open_client(struct bus_consumer *consumer, struct err *err)
{
    const struct bus_settings *settings = &consumer->bus->hub->settings;
    struct buf session = {0}, heartbeat = {0}, prefetch = {0};

    buf_add_u64(&session, (uint64_t)settings->session_timeout_ms);
    buf_add_u64(&heartbeat, (uint64_t)settings->session_timeout_ms / 10);
    buf_add_u64(&prefetch, (uint64_t)settings->prefetch_kbytes);
    const struct client_option options[] = {
        {"group.id", consumer->group},
        {"session.timeout.ms", buf_str(&session)},
        {"heartbeat.interval.ms", buf_str(&heartbeat)},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"partition.assignment.strategy", "range"},
        {"queued.max.messages.kbytes", buf_str(&prefetch)},
        {"fetch.wait.max.ms", "100"},
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
    return result;
}

static void subscribe(struct bus_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(topics, consumer->topic_name, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(client_rk(consumer->client), topics))
        consumer->bus->stats.errors++;
    rd_kafka_topic_partition_list_destroy(topics);
}

static void drop_client(struct bus_consumer *consumer)
{
    consumer->phase = CONSUMER_CLOSED;
    lookup_abandon(&consumer->lookup);
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

/* Held for a short while: what is prefetched stays where it is. */
static bool is_waiting(const struct bus_consumer *consumer)
{
    return consumer->phase == CONSUMER_RUNNING && consumer->is_held && !consumer->is_parked;
}

static void poll_records(struct bus_consumer *consumer)
{
    for (unsigned done = 0; done < PUMP_BATCH; done++) {
        if (is_waiting(consumer))
            return; /* bus_resume polls again */
        rd_kafka_message_t *record = rd_kafka_consumer_poll(client_rk(consumer->client), 0);
        if (!record)
            return;
        bool is_fatal = record->err == RD_KAFKA_RESP_ERR__FATAL;
        if (record->err)
            consumer->bus->stats.errors++;
        else
            on_record(consumer, record);
        rd_kafka_message_destroy(record);
        if (is_fatal) {
            on_fatal(consumer);
            return;
        }
    }
    pump_again(consumer->pump);
}

static void on_events(void *owner)
{
    struct bus_consumer *consumer = owner;

    if (consumer->phase == CONSUMER_CLOSING)
        (void)rd_kafka_queue_poll_callback(consumer->queue, 0);
    else
        poll_records(consumer);
}

static void open_consumer(struct bus_consumer *consumer)
{
    struct err err;

    if (open_client(consumer, &err)) {
        consumer->bus->stats.errors++;
        consumer->phase = CONSUMER_CLOSED;
        consumer->deadline_ms = now_ms(consumer) + REOPEN_MS;
        return;
    }
    (void)rd_kafka_poll_set_consumer(client_rk(consumer->client));
    consumer->queue = rd_kafka_queue_get_consumer(client_rk(consumer->client));
    consumer->pump = pump_new(consumer->bus->loop, consumer->queue, on_events, consumer);
    consumer->phase = CONSUMER_RUNNING;
    subscribe(consumer);
}

/* ---- closing ---- */

void consumer_begin_close(struct bus_consumer *consumer)
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

static void finish_leaving(struct bus_consumer *consumer)
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

static bool is_closed(const struct bus_consumer *consumer)
{
    return consumer->phase == CONSUMER_CLOSED ||
           (consumer->phase == CONSUMER_CLOSING &&
            (rd_kafka_consumer_closed(client_rk(consumer->client)) ||
             now_ms(consumer) >= consumer->deadline_ms));
}

/* ---- tick ---- */

static void tick_running(struct bus_consumer *consumer)
{
    if (is_waiting(consumer) && now_ms(consumer) - consumer->held_since_ms >= PARK_AFTER_MS)
        set_parked(consumer, true);
    if (!consumer->lookup)
        for (int32_t p = 0; p < consumer->part_count && !consumer->lookup; p++)
            if (consumer->parts[p].state == PART_LOOKUP)
                lookup_start(consumer);
    commit_send(consumer);
}

static void on_tick(void *owner)
{
    struct bus_consumer *consumer = owner;

    if (consumer->phase == CONSUMER_CLOSED && !consumer->is_leaving &&
        now_ms(consumer) >= consumer->deadline_ms)
        open_consumer(consumer);
    if (consumer->phase == CONSUMER_RUNNING)
        tick_running(consumer);
    if (consumer->phase != CONSUMER_CLOSED)
        on_events(consumer);
    if (consumer->phase == CONSUMER_DRAINING || consumer->phase == CONSUMER_COMMITTING)
        assignment_step_later(consumer);
    if (consumer->is_leaving && is_closed(consumer)) {
        finish_leaving(consumer);
        return;
    }
    loop_timer_start(consumer->tick,
                     consumer->phase == CONSUMER_CLOSING ? CLOSING_TICK_MS : TICK_MS);
}

/* ---- bus.h ---- */

/* A role that commits nothing still shares the partitions under a group name of the topic's own. */
static char *group_name(const struct bus_consumer *consumer, const char *group)
{
    struct buf name = {0};

    if (consumer->is_committing_group) {
        buf_add_str(&name, consumer->bus->hub->settings.topic_prefix);
        buf_add_str(&name, group);
    } else {
        buf_add_str(&name, consumer->topic_name);
        buf_add_str(&name, "-shards");
    }
    char *copy = xstrdup(buf_str(&name));
    buf_free(&name);
    return copy;
}

static char *instance_name(const struct bus *bus)
{
    const char *prefix = bus->hub->settings.instance_id;
    struct buf name = {0};

    if (prefix && prefix[0]) {
        buf_add_str(&name, prefix);
        buf_add_char(&name, '-');
        buf_add_str(&name, bus->name);
    }
    char *copy = xstrdup(buf_str(&name));
    buf_free(&name);
    return copy;
}

struct bus_consumer *bus_consume(struct bus *bus, enum bus_topic topic, const char *group,
                                 const struct bus_consumer_ops *ops, void *owner)
{
    struct bus_consumer *consumer = xalloc(sizeof *consumer);

    consumer->bus = bus;
    consumer->topic = topic;
    consumer->topic_name = bus->hub->topic_names[topic];
    consumer->is_committing_group = group[0] != '\0';
    consumer->group = group_name(consumer, group);
    consumer->instance_id = instance_name(bus);
    consumer->ops = ops;
    consumer->owner = owner;
    consumer->tick = loop_timer_new(bus->loop, on_tick, consumer);
    consumer->assign_timer = loop_timer_new(bus->loop, assignment_apply, consumer);
    list_push(&bus->consumers, &consumer->node);
    open_consumer(consumer);
    loop_timer_start(consumer->tick, TICK_MS);
    return consumer;
}

static int64_t start_position(const struct part *part, int64_t offset)
{
    if (offset != BUS_COMMITTED)
        return offset;
    if (part->state == PART_STARTED && part->position >= 0)
        return watermark_lowest(part->watermark);
    return part->committed >= 0 ? part->committed : RD_KAFKA_OFFSET_BEGINNING;
}

void bus_start(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct part *part = consumer_part(consumer, partition);

    if (!part || (part->state != PART_ASSIGNED && part->state != PART_STARTED))
        return;
    int64_t position = start_position(part, offset);
    if (!part->watermark)
        part->watermark = watermark_new(CONSUMER_WIDTH);
    watermark_reset(part->watermark, position < 0 ? 0 : position);
    if (part->told > position)
        part->told = position < 0 ? -1 : position;
    restart_part(consumer, part, position);
}

void bus_finish(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct part *part = consumer_part(consumer, partition);

    if (!part || part->state < PART_STARTED)
        return;
    (void)watermark_finish(part->watermark, offset);
    consumer_set_flow(consumer, partition);
}

void bus_release(struct bus_consumer *consumer, int32_t partition)
{
    struct part *part = consumer_part(consumer, partition);

    if (!part || part->state != PART_REVOKED)
        return;
    part->state = PART_RELEASED;
    assignment_step_later(consumer);
}

void bus_pause(struct bus_consumer *consumer)
{
    if (consumer->is_held)
        return;
    consumer->is_held = true;
    consumer->held_since_ms = now_ms(consumer);
}

void bus_resume(struct bus_consumer *consumer)
{
    if (!consumer->is_held)
        return;
    consumer->is_held = false;
    set_parked(consumer, false);
    if (consumer->pump)
        pump_again(consumer->pump);
}

int64_t bus_end_offset(const struct bus_consumer *consumer, int32_t partition)
{
    const struct part *part = consumer_part(consumer, partition);
    int64_t low = -1, high = -1;

    if (!part || part->state < PART_ASSIGNED || !consumer->client)
        return -1;
    /* librdkafka knows the newest one only of partitions it fetches from. */
    (void)rd_kafka_get_watermark_offsets(client_rk(consumer->client), consumer->topic_name,
                                         partition, &low, &high);
    return high > part->end ? high : part->end;
}

bool bus_owns(const struct bus_consumer *consumer, int32_t partition)
{
    const struct part *part = consumer_part(consumer, partition);
    uint64_t session_ms = (uint64_t)consumer->bus->hub->settings.session_timeout_ms;

    if (!part || part->state < PART_ASSIGNED || part->state == PART_RELEASED || !consumer->client ||
        rd_kafka_assignment_lost(client_rk(consumer->client)))
        return false;
    return !consumer->is_committing_group ||
           now_ms(consumer) - consumer->proof_ms < session_ms / 4 * 3;
}

static void begin_leaving(void *owner)
{
    assignment_leave(owner);
}

void bus_leave(struct bus_consumer *consumer)
{
    if (consumer->is_leaving)
        return;
    consumer->is_leaving = true;
    bus_resume(consumer);
    if (consumer->phase == CONSUMER_RUNNING) {
        loop_later_cancel(consumer->bus->loop, &consumer->step_later);
        loop_later(consumer->bus->loop, &consumer->step_later, begin_leaving, consumer);
    } else {
        assignment_step_later(consumer);
    }
}
