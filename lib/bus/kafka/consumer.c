/* SPDX-License-Identifier: Apache-2.0
 * The consumer as bus.h shows it, and its tick. */
#include "consumer.h"

#include "backlog.h"
#include "base/xalloc.h"
#include "client.h"
#include "commit.h"
#include "lookup.h"
#include "pump.h"

#define TICK_MS         200 /* commits; also polls, or librdkafka takes us for dead */
#define CLOSING_TICK_MS 20
#define PARK_AFTER_MS   1000 /* held longer: pause in librdkafka, so that polling can go on */

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

/* ---- tick ---- */

static void tick_running(struct bus_consumer *consumer)
{
    if (delivery_is_waiting(consumer) &&
        now_ms(consumer) - consumer->held_since_ms >= PARK_AFTER_MS)
        delivery_set_parked(consumer, true);
    if (!consumer->lookup)
        for (int32_t p = 0; p < consumer->part_count && !consumer->lookup; p++)
            if (consumer->parts[p].state == PART_LOOKUP)
                lookup_start(consumer);
    commit_send(consumer);
    backlog_refresh(consumer);
}

static void on_tick(void *owner)
{
    struct bus_consumer *consumer = owner;

    if (consumer->phase == CONSUMER_CLOSED && !consumer->is_leaving &&
        now_ms(consumer) >= consumer->deadline_ms)
        membership_open(consumer);
    if (consumer->phase == CONSUMER_RUNNING)
        tick_running(consumer);
    if (consumer->phase != CONSUMER_CLOSED)
        membership_poll(consumer);
    if (consumer->phase == CONSUMER_DRAINING || consumer->phase == CONSUMER_COMMITTING)
        assignment_step_later(consumer);
    if (consumer->is_leaving && membership_is_closed(consumer)) {
        membership_finish(consumer);
        return;
    }
    if (consumer->is_renewing && membership_is_closed(consumer))
        membership_reopen(consumer);
    loop_timer_start(consumer->tick,
                     consumer->phase == CONSUMER_CLOSING ? CLOSING_TICK_MS : TICK_MS);
}

/* ---- bus.h ---- */

/* A role that commits nothing still shares the partitions under a group name of the topic's own. */
static char *group_name(const struct bus_consumer *consumer, const char *group)
{
    if (consumer->is_committing_group)
        return xasprintf("%s%s", consumer->bus->hub->settings.topic_prefix, group);
    return xasprintf("%s-shards", consumer->topic_name);
}

static char *instance_name(const struct bus *bus)
{
    const char *prefix = bus->hub->settings.instance_id;

    return prefix && prefix[0] ? xasprintf("%s-%s", prefix, bus->name) : xstrdup("");
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
    membership_open(consumer);
    loop_timer_start(consumer->tick, TICK_MS);
    return consumer;
}

bool bus_has_joined(const struct bus_consumer *consumer)
{
    return consumer->has_joined;
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
    delivery_restart(consumer, part, position);
}

void bus_finish(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct part *part = consumer_part(consumer, partition);

    if (!part || part->state < PART_STARTED)
        return;
    (void)watermark_finish(part->watermark, offset);
    delivery_set_flow(consumer, partition);
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
    delivery_set_parked(consumer, false);
    if (consumer->pump)
        pump_again(consumer->pump);
}

int64_t bus_end_offset(const struct bus_consumer *consumer, int32_t partition)
{
    const struct part *part = consumer_part(consumer, partition);
    int64_t low = -1, high = -1;

    if (!part || part->state < PART_ASSIGNED || !consumer->client)
        return -1;
    if (part->is_reset) /* librdkafka still knows the end of the log that was */
        return part->end;
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
    struct bus_consumer *consumer = owner;

    assignment_leave(consumer, consumer->leave_limit_ms);
}

void bus_leave(struct bus_consumer *consumer, int64_t limit_ms)
{
    if (consumer->is_leaving)
        return;
    consumer->is_leaving = true;
    consumer->leave_limit_ms = limit_ms;
    bus_resume(consumer);
    if (consumer->phase == CONSUMER_RUNNING) {
        loop_later_cancel(consumer->bus->loop, &consumer->step_later);
        loop_later(consumer->bus->loop, &consumer->step_later, begin_leaving, consumer);
    } else {
        assignment_step_later(consumer);
    }
}
