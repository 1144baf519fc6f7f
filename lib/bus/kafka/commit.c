/* SPDX-License-Identifier: Apache-2.0
 * Watermarks become committed offsets, one commit on its way at a time. A commit also proves that
 * the group still has us (the coordinator refuses a stale generation and counts it as a heartbeat),
 * so one is sent now and then even when nothing has moved: bus_owns rests on it. */
#include "commit.h"

#include "client.h"

/* Proof is renewed after this fraction of the session timeout. */
#define PROOF_FRACTION 6

/* Delivered from and not given away. */
static bool is_committable(const struct part *part)
{
    return (part->state == PART_STARTED || part->state == PART_REVOKED ||
            part->state == PART_RELEASED) &&
           part->position >= 0; /* else nothing was delivered yet, and nothing is known */
}

static bool has_moved(const struct part *part)
{
    return is_committable(part) &&
           (part->is_commit_owed || watermark_lowest(part->watermark) != part->committed);
}

static void add_part(const struct bus_consumer *consumer, int32_t partition,
                     rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_add(list, consumer->topic_name, partition)->offset =
        watermark_lowest(consumer->parts[partition].watermark);
}

static void add_moved(const struct bus_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    for (int32_t p = 0; p < consumer->part_count; p++)
        if (has_moved(&consumer->parts[p]))
            add_part(consumer, p, list);
}

/* Any partition will do. */
static void add_proof(const struct bus_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    for (int32_t p = 0; p < consumer->part_count && list->cnt == 0; p++)
        if (is_committable(&consumer->parts[p]))
            add_part(consumer, p, list);
}

static bool is_proof_due(const struct bus_consumer *consumer)
{
    uint64_t session_ms = (uint64_t)consumer->bus->hub->settings.session_timeout_ms;

    return loop_now_ms(consumer->bus->loop) - consumer->proof_ms >= session_ms / PROOF_FRACTION;
}

void commit_send(struct bus_consumer *consumer)
{
    if (!consumer->is_committing_group || consumer->is_commit_sent || !consumer->client)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(consumer->part_count);
    add_moved(consumer, list);
    if (is_proof_due(consumer))
        add_proof(consumer, list);
    if (list->cnt > 0) {
        consumer->commit_sent_ms = loop_now_ms(consumer->bus->loop);
        consumer->is_commit_sent =
            rd_kafka_commit(client_rk(consumer->client), list, 1) == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_topic_partition_list_destroy(list);
}

static void note_committed(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct part *part = consumer_part(consumer, partition);

    /* The partition may have been given away, or begun again elsewhere, while the commit was on its
     * way. */
    if (!part || !is_committable(part) || offset > watermark_lowest(part->watermark))
        return;
    part->committed = offset;
    part->is_commit_owed = false;
    if (offset <= part->told)
        return;
    part->told = offset;
    if (consumer->ops->on_committed)
        consumer->ops->on_committed(consumer->owner, partition, offset);
}

void commit_on_result(rd_kafka_t *rk, rd_kafka_resp_err_t error,
                      rd_kafka_topic_partition_list_t *offsets, void *owner)
{
    struct bus_consumer *consumer = owner;

    (void)rk;
    consumer->is_commit_sent = false;
    consumer->is_commit_failed = error != RD_KAFKA_RESP_ERR_NO_ERROR;
    if (consumer->is_commit_failed)
        hub_count_error(consumer->bus, error);
    else
        consumer->proof_ms = consumer->commit_sent_ms;
    for (int i = 0; offsets && !consumer->is_commit_failed && i < offsets->cnt; i++)
        if (offsets->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            note_committed(consumer, offsets->elems[i].partition, offsets->elems[i].offset);
    if (consumer->phase == CONSUMER_COMMITTING)
        assignment_step_later(consumer);
}
