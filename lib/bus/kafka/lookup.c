/* SPDX-License-Identifier: Apache-2.0
 * Where do the new partitions stand? librdkafka 2.0.2 tells committed and newest offsets only to
 * blocking calls, so they are made on the thread pool. Asked until answered: starting without an
 * answer would mean starting at the wrong place. */
#include "lookup.h"

#include "base/xalloc.h"
#include "client.h"

#define ANSWER_MS 3000
/* Times of records are the clocks of those who published them: they may differ by this. */
#define CLOCKS_MS ((int64_t)60000)

struct lookup {
    struct bus_consumer *consumer; /* NULL: abandoned */
    struct client *client;
    rd_kafka_topic_partition_list_t *committed, *ends, *anchors;
    bool is_committing_group;
    bool has_resets;
    bool is_answered;
};

static void ask(void *owner)
{
    struct lookup *lookup = owner;
    rd_kafka_t *rk = client_rk(lookup->client);

    lookup->is_answered =
        (!lookup->is_committing_group ||
         rd_kafka_committed(rk, lookup->committed, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) &&
        rd_kafka_offsets_for_times(rk, lookup->ends, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        (!lookup->has_resets ||
         rd_kafka_offsets_for_times(rk, lookup->anchors, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR);
    client_put(&lookup->client);
}

static bool has_errors(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err)
            return true;
    return false;
}

static void on_answered(void *owner)
{
    struct lookup *lookup = owner;
    struct bus_consumer *consumer = lookup->consumer;

    if (consumer) {
        consumer->lookup = NULL;
        if (lookup->is_answered && !has_errors(lookup->committed) && !has_errors(lookup->ends) &&
            !has_errors(lookup->anchors))
            assignment_on_looked_up(consumer, lookup->committed, lookup->ends, lookup->anchors);
        /* otherwise the tick asks again */
    }
    rd_kafka_topic_partition_list_destroy(lookup->committed);
    rd_kafka_topic_partition_list_destroy(lookup->ends);
    rd_kafka_topic_partition_list_destroy(lookup->anchors);
    xfree(lookup);
}

/* Where a partition that was reset goes on: at the first record about as new as the newest that was
 * seen. In a topic that was created again that is its first one; in a log that only lost its end,
 * what was sent long ago is not sent again. */
static int64_t anchor_ms(const struct part *part)
{
    return part->seen_at_ms > CLOCKS_MS ? part->seen_at_ms - CLOCKS_MS : 0;
}

static void add_part(struct lookup *lookup, const struct bus_consumer *consumer, int32_t partition)
{
    const struct part *part = &consumer->parts[partition];
    const char *topic = consumer->topic_name;

    rd_kafka_topic_partition_list_add(lookup->committed, topic, partition)->offset =
        RD_KAFKA_OFFSET_INVALID;
    /* As a time, the logical "end" asks for the newest offset. */
    rd_kafka_topic_partition_list_add(lookup->ends, topic, partition)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_topic_partition_list_add(lookup->anchors, topic, partition)->offset = anchor_ms(part);
    lookup->has_resets = lookup->has_resets || part->is_reset;
}

void lookup_start(struct bus_consumer *consumer)
{
    struct lookup *lookup = xalloc(sizeof *lookup);

    lookup->consumer = consumer;
    lookup->client = client_take(consumer->client);
    lookup->is_committing_group = consumer->is_committing_group;
    lookup->committed = rd_kafka_topic_partition_list_new(consumer->part_count);
    lookup->ends = rd_kafka_topic_partition_list_new(consumer->part_count);
    lookup->anchors = rd_kafka_topic_partition_list_new(consumer->part_count);
    for (int32_t p = 0; p < consumer->part_count; p++)
        if (consumer->parts[p].state == PART_LOOKUP)
            add_part(lookup, consumer, p);
    consumer->lookup = lookup;
    loop_offload(consumer->bus->loop, ask, on_answered, lookup);
}

void lookup_abandon(struct lookup **lookup)
{
    if (*lookup)
        (*lookup)->consumer = NULL;
    *lookup = NULL;
}
