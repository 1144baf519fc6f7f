/* SPDX-License-Identifier: Apache-2.0
 * From records to pieces. Every callback may cancel any fetch: a walk over a run keeps its place in
 * the reader, where reader_cancel can move it. */
#include "client.h"
#include "end.h"
#include "reader.h"

void answers_end(struct reader *reader, struct list *list, struct bus_fetch *fetch, bool is_gone)
{
    list_remove(list, &fetch->node);
    reader->current = NULL;
    fetch->on_fetched(fetch->owner, fetch, fetch->is_done && !is_gone, is_gone);
}

void answers_fail(struct reader *reader, struct list *list)
{
    while (list->count > 0) {
        struct bus_fetch *fetch = fetch_of(list_first(list));
        fetch->is_done = false;
        answers_end(reader, list, fetch, false);
    }
}

static bool is_wanted(const struct bus_fetch *fetch, const rd_kafka_message_t *record)
{
    return record->offset >= fetch->next_offset && record->offset <= fetch->ref.last_offset &&
           (fetch->ref.key.len == 0 ||
            slice_eq(fetch->ref.key, slice_of(record->key, record->key_len)));
}

static void give_piece(struct bus_fetch *fetch, const rd_kafka_message_t *record)
{
    const struct bus_delivery piece = delivery_of(record);

    fetch->is_done = true; /* found something */
    fetch->next_offset = record->offset + 1;
    fetch->on_piece(fetch->owner, fetch, &piece);
}

static void on_record(struct reader *reader, struct run *run, const rd_kafka_message_t *record)
{
    for (struct list_node *node = list_first(&run->fetches); node; node = reader->next) {
        struct bus_fetch *fetch = fetch_of(node);
        reader->next = list_next(&run->fetches, node);
        reader->current = fetch;
        if (record->offset < fetch->ref.first_offset)
            break;
        if (is_wanted(fetch, record))
            give_piece(fetch, record);
        if (reader->current && record->offset >= fetch->ref.last_offset)
            answers_end(reader, &run->fetches, fetch, !fetch->is_done);
    }
    reader->current = NULL;
    reader->next = NULL;
}

/* The place where the run begins is not in the log (any more): that is so for its first fetch, the
 * others are tried on their own. */
static void on_out_of_range(struct reader *reader, struct run *run)
{
    struct bus_fetch *first = fetch_of(list_first(&run->fetches));
    struct list_node *node;

    while (run->fetches.count > 1) {
        node = list_last(&run->fetches);
        list_remove(&run->fetches, node);
        list_push(&reader->waiting, node);
    }
    answers_end(reader, &run->fetches, first, true);
}

/* A fetch that wants what lies at or beyond the end, or NULL. */
static struct bus_fetch *find_beyond(const struct run *run, int64_t end)
{
    for (struct list_node *node = list_first(&run->fetches); node;
         node = list_next(&run->fetches, node))
        if (fetch_of(node)->ref.last_offset >= end)
            return fetch_of(node);
    return NULL;
}

/* The leader has said where the partition ends: what is awaited beyond is not there, and never was
 * acknowledged. */
static void on_end(void *owner, const rd_kafka_topic_partition_list_t *ends)
{
    struct run *run = owner;
    struct reader *reader = run->reader;
    int64_t end = ends->elems[0].offset;
    struct bus_fetch *fetch;

    run->end = NULL;
    while (end >= 0 && (fetch = find_beyond(run, end)))
        answers_end(reader, &run->fetches, fetch, true);
    answers_fail(reader, &run->fetches);
    round_settle_later(reader);
}

static void on_end_of_partition(struct reader *reader, struct run *run)
{
    const struct end_answer answer = {on_end, run};

    if (run->end)
        return;
    rd_kafka_topic_partition_list_t *place = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(place, reader_topic_name(reader, run->topic), run->partition);
    run->end = end_ask(reader->bus->loop, reader->client, place, &answer);
}

void answers_take(struct reader *reader, const rd_kafka_message_t *record)
{
    enum bus_topic topic;

    if (!record->rkt || !hub_topic_of(reader->bus->hub, rd_kafka_topic_name(record->rkt), &topic))
        return; /* an error of the connection: the round's end is the answer */
    struct run *run = round_run_of(reader, topic, record->partition);
    if (!run || run->fetches.count == 0)
        return;
    if (!record->err)
        on_record(reader, run, record);
    else if (record->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        on_out_of_range(reader, run);
    else if (record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        on_end_of_partition(reader, run);
    else
        answers_fail(reader, &run->fetches);
}
