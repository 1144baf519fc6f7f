/* SPDX-License-Identifier: Apache-2.0
 * From records to pieces. Every callback may cancel any fetch: a walk over a run keeps its place in
 * the reader, where reader_cancel can move it. */
#include "client.h"
#include "edge.h"
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

static void end_first_as_gone(struct reader *reader, struct run *run)
{
    struct bus_fetch *first = fetch_of(list_first(&run->fetches));

    while (run->fetches.count > 1) { /* the others are tried on their own */
        struct list_node *node = list_last(&run->fetches);
        list_remove(&run->fetches, node);
        list_push(&reader->waiting, node);
    }
    answers_end(reader, &run->fetches, first, true);
}

/* Only what lies before the beginning is gone. What seems to lie beyond the end was acknowledged
 * before anybody could refer to it: a leader that does not know yet that it was replaced lacks it.
 */
static void on_begin(void *owner, const rd_kafka_topic_partition_list_t *edges)
{
    struct run *run = owner;
    struct reader *reader = run->reader;
    struct list_node *first = list_first(&run->fetches);

    run->begin = NULL;
    if (first && fetch_of(first)->ref.first_offset < edges->elems[0].offset)
        end_first_as_gone(reader, run);
    else
        answers_fail(reader, &run->fetches);
    round_settle_later(reader);
}

static void on_out_of_range(struct reader *reader, struct run *run)
{
    const struct edge_answer answer = {on_begin, run};

    if (run->begin)
        return;
    rd_kafka_topic_partition_list_t *place = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(place, reader_topic_name(reader, run->topic), run->partition);
    run->begin = edge_ask(reader->bus->loop, reader->client, EDGE_BEGIN, place, &answer);
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
    else
        answers_fail(reader, &run->fetches);
}
