/* SPDX-License-Identifier: Apache-2.0
 * The backlog of what is consumed: the newest offset that came with the last fetch, less the
 * watermark. It is as old as the last answer of the partition's leader: log.fetch_wait_ms at most,
 * and while the partition is paused some seconds, for then its end is asked for. */
#include "backlog.h"

#include "bus/figures.h"
#include "client.h"
#include "edge.h"
#include "net/clock.h"

#define ASK_MS 5000

/* ---- telling ---- */

/* Ours, and a record has been delivered: before, the place may be a logical one. */
static bool is_known(const struct part *part)
{
    return (part->state == PART_STARTED || part->state == PART_REVOKED) && part->position >= 0;
}

/* What was never delivered has no time we know: then it has waited since it was seen to wait. */
static int64_t oldest_at_ms(struct part *part, int64_t records)
{
    int64_t in_hand_ms = watermark_lowest_at_ms(part->watermark);

    if (records == 0 || in_hand_ms > 0)
        part->waiting_since_ms = 0;
    else if (part->waiting_since_ms == 0)
        part->waiting_since_ms = clock_wall_ms();
    return in_hand_ms > 0 ? in_hand_ms : part->waiting_since_ms;
}

static void measure(struct bus_consumer *consumer, struct bus_backlog *backlog)
{
    struct part *part = &consumer->parts[backlog->partition];
    int64_t end = bus_end_offset(consumer, backlog->partition);
    int64_t lowest = watermark_lowest(part->watermark);

    backlog->records = end > lowest ? end - lowest : 0;
    backlog->oldest_at_ms = oldest_at_ms(part, backlog->records);
}

static void tell_consumer(struct bus_consumer *consumer,
                          void (*on_backlog)(void *owner, const struct bus_backlog *backlog),
                          void *owner)
{
    for (int32_t p = 0; p < consumer->part_count; p++) {
        struct part *part = &consumer->parts[p];
        struct bus_backlog backlog = {.topic = consumer->topic, .partition = p};
        bool was_told = part->is_told;
        part->is_told = is_known(part);
        if (part->is_told)
            measure(consumer, &backlog);
        if (part->is_told || was_told)
            on_backlog(owner, &backlog);
    }
}

void bus_each_backlog(struct bus *bus,
                      void (*on_backlog)(void *owner, const struct bus_backlog *backlog),
                      void *owner)
{
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node))
        tell_consumer(LIST_OWNER(node, struct bus_consumer, node), on_backlog, owner);
}

/* ---- asking ---- */

static void on_edges(void *owner, const rd_kafka_topic_partition_list_t *ends)
{
    struct bus_consumer *consumer = owner;

    consumer->ends = NULL;
    for (int i = 0; i < ends->cnt; i++) {
        struct part *part = consumer_part(consumer, ends->elems[i].partition);
        if (part && is_known(part) && ends->elems[i].offset > part->end)
            part->end = ends->elems[i].offset;
    }
}

void backlog_refresh(struct bus_consumer *consumer)
{
    const struct edge_answer answer = {on_edges, consumer};
    uint64_t now_ms = loop_now_ms(consumer->bus->loop);

    if (consumer->ends || now_ms < consumer->ends_due_ms)
        return;
    rd_kafka_topic_partition_list_t *places =
        rd_kafka_topic_partition_list_new(consumer->part_count);
    for (int32_t p = 0; p < consumer->part_count; p++)
        if (consumer->parts[p].is_paused && is_known(&consumer->parts[p]))
            rd_kafka_topic_partition_list_add(places, consumer->topic_name, p);
    consumer->ends_due_ms = now_ms + ASK_MS;
    if (places->cnt > 0)
        consumer->ends = edge_ask(consumer->bus->loop, consumer->client, EDGE_END, places, &answer);
    else
        rd_kafka_topic_partition_list_destroy(places);
}
