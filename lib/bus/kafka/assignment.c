/* SPDX-License-Identifier: Apache-2.0
 * Partitions come and go.
 *   assign: PART_LOOKUP -> (offsets known) on_assigned, PART_ASSIGNED -> bus_start, PART_STARTED.
 *   revoke, leave: on_revoked, PART_REVOKED -> bus_release, PART_RELEASED -> last commit ->
 * foreign. While a revocation drains, librdkafka waits for our answer and keeps the membership
 * alive; nothing here blocks the loop. */
#include "base/xalloc.h"
#include "client.h"
#include "commit.h"
#include "consumer.h"
#include "lookup.h"

#define LAST_COMMIT_MS (BUS_LEAVING_MS / 2)
#define CLOSE_MS       (BUS_LEAVING_MS / 2)
/* A part's number comes from the broker: bound what we allocate for it. */
#define PARTS_MAX 100000

static void resize(struct bus_consumer *consumer, int32_t count)
{
    if (count <= consumer->part_count)
        return;
    consumer->parts = xrealloc(consumer->parts, (size_t)count * sizeof *consumer->parts);
    for (int32_t p = consumer->part_count; p < count; p++)
        consumer->parts[p] = (struct part){.position = RD_KAFKA_OFFSET_INVALID};
    consumer->part_count = count;
}

static void assign_list(struct bus_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t error = rd_kafka_assign(client_rk(consumer->client), list);

    if (error)
        hub_count_error(consumer->bus, error);
}

static void assign_nothing(struct bus_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);

    assign_list(consumer, none);
    rd_kafka_topic_partition_list_destroy(none);
}

/* ---- coming ---- */

static void take_assigned(struct bus_consumer *consumer,
                          const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        int32_t partition = partitions->elems[i].partition;
        if (partition < 0 || partition >= PARTS_MAX)
            continue;
        resize(consumer, partition + 1);
        consumer->parts[partition].state = PART_LOOKUP;
        consumer->parts[partition].position = RD_KAFKA_OFFSET_INVALID;
        consumer->parts[partition].is_reset = false;
        consumer->parts[partition].is_commit_owed = false;
        consumer->parts[partition].seen_at_ms = 0;
    }
    consumer->phase = CONSUMER_RUNNING;
    consumer->has_joined = true;
    consumer->proof_ms = loop_now_ms(consumer->bus->loop);
    consumer->is_commit_failed = false;
    assign_nothing(consumer); /* a member of the group, fetching nothing yet */
    lookup_abandon(&consumer->lookup);
    lookup_start(consumer);
}

void assignment_on_looked_up(struct bus_consumer *consumer,
                             const rd_kafka_topic_partition_list_t *committed,
                             const rd_kafka_topic_partition_list_t *ends,
                             const rd_kafka_topic_partition_list_t *anchors)
{
    for (int i = 0; i < committed->cnt; i++) {
        struct part *part = consumer_part(consumer, committed->elems[i].partition);
        if (!part || part->state != PART_LOOKUP)
            continue;
        part->state = PART_ASSIGNED;
        part->end = ends->elems[i].offset;
        part->committed = committed->elems[i].offset >= 0 ? committed->elems[i].offset : -1;
        part->is_commit_owed = part->is_reset;
        if (part->is_reset) /* nothing as new as what was seen: what comes from now on */
            part->committed = anchors->elems[i].offset >= 0 ? anchors->elems[i].offset : part->end;
        part->told = part->committed;
        consumer->ops->on_assigned(consumer->owner, committed->elems[i].partition);
    }
}

void assignment_on_reset(struct bus_consumer *consumer, int32_t partition)
{
    struct part *part = consumer_part(consumer, partition);

    if (!part || part->state != PART_STARTED || part->is_restarting)
        return;
    consumer->bus->stats.resets++;
    if (part->is_reset) { /* again, before any record: the owner insists on a place that is gone */
        watermark_reset(part->watermark, 0);
        delivery_restart(consumer, part, RD_KAFKA_OFFSET_BEGINNING);
        return;
    }
    part->is_reset = true;
    part->state = PART_LOOKUP; /* the tick asks */
    part->position = RD_KAFKA_OFFSET_INVALID;
    delivery_set_flow(consumer, partition);
    consumer->ops->on_revoked(consumer->owner, partition, true);
}

void assignment_apply(void *owner)
{
    struct bus_consumer *consumer = owner;

    /* rd_kafka_assign would hide that the assignment was lost: the rebalance will tell. */
    if (consumer->phase != CONSUMER_RUNNING ||
        rd_kafka_assignment_lost(client_rk(consumer->client)))
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(consumer->part_count);
    for (int32_t p = 0; p < consumer->part_count; p++) {
        struct part *part = &consumer->parts[p];
        if (part->state != PART_STARTED)
            continue;
        rd_kafka_topic_partition_list_add(list, consumer->topic_name, p)->offset = part->position;
        part->is_restarting = false;
    }
    assign_list(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    for (int32_t p = 0; p < consumer->part_count; p++)
        delivery_set_flow(consumer, p);
}

/* ---- going ---- */

void assignment_step_later(struct bus_consumer *consumer)
{
    loop_later(consumer->bus->loop, &consumer->step_later, assignment_step, consumer);
}

static void revoke_part(struct bus_consumer *consumer, int32_t partition, bool is_lost)
{
    struct part *part = &consumer->parts[partition];
    bool is_known =
        part->state == PART_ASSIGNED || part->state == PART_STARTED || part->state == PART_REVOKED;

    if (part->state == PART_LOOKUP)
        part->state = PART_FOREIGN;
    if (!is_known)
        return;
    part->state = is_lost ? PART_RELEASED : PART_REVOKED;
    consumer->ops->on_revoked(consumer->owner, partition, is_lost);
}

static void revoke_all(struct bus_consumer *consumer, bool is_lost)
{
    lookup_abandon(&consumer->lookup);
    loop_timer_stop(consumer->assign_timer);
    for (int32_t p = 0; p < consumer->part_count; p++)
        revoke_part(consumer, p, is_lost);
}

static bool is_awaiting_release(const struct bus_consumer *consumer)
{
    for (int32_t p = 0; p < consumer->part_count; p++)
        if (consumer->parts[p].state == PART_REVOKED)
            return true;
    return false;
}

static uint64_t ms_from_now(const struct bus_consumer *consumer, int64_t ms)
{
    return loop_now_ms(consumer->bus->loop) + (uint64_t)ms;
}

/* The group waits for our answer. */
static void hurry_drain(struct bus_consumer *consumer)
{
    uint64_t latest_ms = ms_from_now(consumer, consumer->bus->hub->settings.drain_ms);

    if (consumer->phase == CONSUMER_DRAINING && consumer->deadline_ms > latest_ms)
        consumer->deadline_ms = latest_ms;
    assignment_step_later(consumer);
}

static void begin_drain(struct bus_consumer *consumer, bool is_lost, int64_t limit_ms)
{
    consumer->phase = CONSUMER_DRAINING;
    consumer->deadline_ms = ms_from_now(consumer, limit_ms);
    revoke_all(consumer, is_lost);
    assignment_step_later(consumer);
}

/* For good, or to join again with a new handle: it takes nothing from the group any more. */
static bool is_going(const struct bus_consumer *consumer)
{
    return consumer->is_leaving || consumer->is_renewing;
}

/* Nothing is ours any more; the pauses of librdkafka must not outlive the ownership. */
static void forget_parts(struct bus_consumer *consumer)
{
    for (int32_t p = 0; p < consumer->part_count; p++) {
        consumer->parts[p].state = PART_FOREIGN;
        consumer->parts[p].is_restarting = false;
        delivery_set_flow(consumer, p);
    }
}

static void give_up_parts(struct bus_consumer *consumer)
{
    forget_parts(consumer);
    assign_list(consumer, NULL);
    consumer->phase = CONSUMER_RUNNING;
    if (is_going(consumer)) {
        consumer->phase = CONSUMER_CLOSING;
        consumer->deadline_ms = loop_now_ms(consumer->bus->loop) + CLOSE_MS;
        membership_close(consumer);
    }
}

static void step_draining(struct bus_consumer *consumer)
{
    uint64_t now_ms = loop_now_ms(consumer->bus->loop);
    bool is_lost = rd_kafka_assignment_lost(client_rk(consumer->client));

    if (is_lost || now_ms >= consumer->deadline_ms)
        revoke_all(consumer, true);
    if (is_awaiting_release(consumer))
        return;
    consumer->phase = CONSUMER_COMMITTING;
    consumer->deadline_ms = now_ms + LAST_COMMIT_MS;
    consumer->is_commit_failed = is_lost; /* then the group takes nothing from us */
}

static void step_committing(struct bus_consumer *consumer)
{
    if (!consumer->is_commit_failed && loop_now_ms(consumer->bus->loop) < consumer->deadline_ms) {
        commit_send(consumer);
        if (consumer->is_commit_sent)
            return;
    }
    give_up_parts(consumer);
}

void assignment_step(void *owner)
{
    struct bus_consumer *consumer = owner;

    if (consumer->phase == CONSUMER_DRAINING)
        step_draining(consumer);
    if (consumer->phase == CONSUMER_COMMITTING)
        step_committing(consumer);
}

void assignment_lose(struct bus_consumer *consumer)
{
    revoke_all(consumer, true);
    forget_parts(consumer);
}

void assignment_leave(struct bus_consumer *consumer, int64_t limit_ms)
{
    if (consumer->phase != CONSUMER_RUNNING)
        return; /* the revocation that is under way ends by leaving */
    assign_nothing(consumer);
    begin_drain(consumer, false, limit_ms);
}

void assignment_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t error,
                             rd_kafka_topic_partition_list_t *partitions, void *owner)
{
    struct bus_consumer *consumer = owner;
    bool is_draining =
        consumer->phase == CONSUMER_DRAINING || consumer->phase == CONSUMER_COMMITTING;

    consumer->bus->stats.rebalances++;
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !is_going(consumer))
        take_assigned(consumer, partitions);
    else if (error != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && is_draining)
        hurry_drain(consumer); /* we are leaving already: our answer follows */
    else if (consumer->phase == CONSUMER_RUNNING)
        begin_drain(consumer, rd_kafka_assignment_lost(rk), consumer->bus->hub->settings.drain_ms);
    else
        (void)rd_kafka_assign(rk, NULL);
}
