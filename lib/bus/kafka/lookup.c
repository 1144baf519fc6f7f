/* SPDX-License-Identifier: Apache-2.0
 * Where do the new partitions stand? librdkafka 2.0.2 tells committed and newest offsets only to
 * blocking calls, so they are made on the thread pool. Asked until answered: starting without an
 * answer would mean starting at the wrong place. */
#include "base/xalloc.h"
#include "client.h"
#include "consumer.h"

#define ANSWER_MS 3000

struct lookup {
    struct bus_consumer *consumer; /* NULL: abandoned */
    struct client *client;
    rd_kafka_topic_partition_list_t *committed, *ends;
    bool is_committing_group;
    bool is_answered;
};

static void ask(void *owner)
{
    struct lookup *lookup = owner;
    rd_kafka_t *rk = client_rk(lookup->client);

    lookup->is_answered =
        (!lookup->is_committing_group ||
         rd_kafka_committed(rk, lookup->committed, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) &&
        rd_kafka_offsets_for_times(rk, lookup->ends, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
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
        if (lookup->is_answered && !has_errors(lookup->committed) && !has_errors(lookup->ends))
            assignment_on_looked_up(consumer, lookup->committed, lookup->ends);
        /* otherwise the tick asks again */
    }
    rd_kafka_topic_partition_list_destroy(lookup->committed);
    rd_kafka_topic_partition_list_destroy(lookup->ends);
    xfree(lookup);
}

void lookup_start(struct bus_consumer *consumer)
{
    struct lookup *lookup = xalloc(sizeof *lookup);
    const char *topic = consumer->topic_name;

    lookup->consumer = consumer;
    lookup->client = client_take(consumer->client);
    lookup->is_committing_group = consumer->is_committing_group;
    lookup->committed = rd_kafka_topic_partition_list_new(consumer->part_count);
    lookup->ends = rd_kafka_topic_partition_list_new(consumer->part_count);
    for (int32_t p = 0; p < consumer->part_count; p++) {
        if (consumer->parts[p].state != PART_LOOKUP)
            continue;
        rd_kafka_topic_partition_list_add(lookup->committed, topic, p)->offset =
            RD_KAFKA_OFFSET_INVALID;
        /* As a time, the logical "end" asks for the newest offset. */
        rd_kafka_topic_partition_list_add(lookup->ends, topic, p)->offset = RD_KAFKA_OFFSET_END;
    }
    consumer->lookup = lookup;
    loop_offload(consumer->bus->loop, ask, on_answered, lookup);
}

void lookup_abandon(struct lookup **lookup)
{
    if (*lookup)
        (*lookup)->consumer = NULL;
    *lookup = NULL;
}
