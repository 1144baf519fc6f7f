/* SPDX-License-Identifier: Apache-2.0
 * Point reads: fetches gather for a moment, then a round reads them. The handle has no group and
 * commits nothing. */
#include "fetch.h"

#include "base/buf.h"
#include "base/xalloc.h"
#include "client.h"
#include "pump.h"
#include "reader.h"

#define GATHER_MS 1

/* ---- the handle ---- */

static int open_client(struct reader *reader, struct err *err)
{
    struct buf group = {0};

    /* rd_kafka_assign wants a group's name; nobody ever joins it. */
    buf_add_str(&group, reader->bus->hub->settings.topic_prefix);
    buf_add_str(&group, "point-reads");
    const struct client_option options[] = {
        {"group.id", buf_str(&group)},         {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"},      {"fetch.wait.max.ms", "10"},
        {"fetch.error.backoff.ms", "50"},      {"fetch.message.max.bytes", "65536"},
        {"fetch.max.bytes", "4194304"},        {NULL, NULL},
    };
    const struct client_plan plan = {
        .type = RD_KAFKA_CONSUMER, .id = reader->bus->name, .options = options};
    int result = client_new(&reader->bus->hub->settings, &plan, &reader->client, err);
    buf_free(&group);
    return result;
}

static void on_events(void *owner)
{
    struct reader *reader = owner;
    unsigned done = 0;
    rd_kafka_message_t *record;

    while (done < PUMP_BATCH && (record = rd_kafka_consumer_poll(client_rk(reader->client), 0))) {
        answers_take(reader, record);
        rd_kafka_message_destroy(record);
        done++;
    }
    round_settle(reader);
    if (done == PUMP_BATCH)
        pump_again(reader->pump);
}

static void drop_client(struct reader *reader)
{
    pump_free(&reader->pump);
    rd_kafka_queue_destroy(reader->queue);
    reader->queue = NULL;
    client_put_later(reader->bus->loop, &reader->client);
    reader->is_stale = false;
}

static bool is_open(struct reader *reader)
{
    struct err err;

    if (reader->client)
        return true;
    if (open_client(reader, &err)) {
        hub_count_error(reader->bus, RD_KAFKA_RESP_ERR__FAIL);
        return false;
    }
    (void)rd_kafka_poll_set_consumer(client_rk(reader->client));
    reader->queue = rd_kafka_queue_get_consumer(client_rk(reader->client));
    reader->pump = pump_new(reader->bus->loop, reader->queue, on_events, reader);
    return true;
}

/* ---- gathering ---- */

/* References come from the log and may be nonsense. */
static bool is_possible(const struct reader *reader, const struct bus_ref *ref)
{
    int32_t partitions =
        (unsigned)ref->topic < BUS_TOPICS ? reader->bus->partitions[ref->topic] : 0;

    return (unsigned)ref->topic < BUS_TOPICS && ref->partition >= 0 &&
           (partitions == 0 || ref->partition < partitions) && ref->first_offset >= 0 &&
           ref->first_offset <= ref->last_offset;
}

static struct bus_fetch *find_impossible(const struct reader *reader)
{
    for (struct list_node *node = list_first(&reader->waiting); node;
         node = list_next(&reader->waiting, node))
        if (!is_possible(reader, &fetch_of(node)->ref))
            return fetch_of(node);
    return NULL;
}

/* No round is under way. */
static void begin(struct reader *reader)
{
    struct bus_fetch *impossible;

    if (reader->is_stale)
        drop_client(reader);
    while ((impossible = find_impossible(reader)))
        answers_end(reader, &reader->waiting, impossible, true);
    if (reader->waiting.count > 0 && !is_open(reader))
        answers_fail(reader, &reader->waiting);
    else if (reader->waiting.count > 0)
        round_begin(reader);
    else if (reader->client) /* all were cancelled between two rounds */
        round_assign(reader, NULL);
}

static void give_up_round(struct reader *reader)
{
    for (struct list_node *node = list_first(&reader->runs); node;
         node = list_next(&reader->runs, node))
        answers_fail(reader, &LIST_OWNER(node, struct run, node)->fetches);
}

static void on_due(void *owner)
{
    struct reader *reader = owner;

    if (reader->runs.count == 0) {
        begin(reader);
        return;
    }
    give_up_round(reader); /* it took too long */
    round_settle(reader);
}

/* ---- public ---- */

struct reader *reader_new(struct bus *bus)
{
    struct reader *reader = xalloc(sizeof *reader);

    reader->bus = bus;
    list_init(&reader->waiting);
    list_init(&reader->runs);
    reader->timer = loop_timer_new(bus->loop, on_due, reader);
    return reader;
}

void reader_free(struct reader **reader)
{
    struct reader *r = *reader;

    if (!r)
        return;
    give_up_round(r);
    round_drop(r);
    answers_fail(r, &r->waiting);
    loop_later_cancel(r->bus->loop, &r->settle_later);
    loop_timer_free(&r->timer);
    pump_free(&r->pump);
    if (r->queue)
        rd_kafka_queue_destroy(r->queue);
    client_put(&r->client);
    xfree(r);
    *reader = NULL;
}

void reader_login(struct reader *reader, const struct options_login *login)
{
    if (reader)
        client_login(reader->client, login);
}

void reader_renew(struct reader *reader)
{
    if (!reader || !reader->client)
        return;
    reader->is_stale = true;
    if (reader->runs.count == 0 && !loop_timer_is_running(reader->timer))
        loop_timer_start(reader->timer, 0);
}

void reader_fetch(struct reader *reader, struct bus_fetch *fetch)
{
    fetch->is_done = false;
    fetch->next_offset = fetch->ref.first_offset;
    list_push(&reader->waiting, &fetch->node);
    if (reader->runs.count == 0 && !loop_timer_is_running(reader->timer))
        loop_timer_start(reader->timer, GATHER_MS);
}

/* The list a fetch is in, or NULL. */
static struct list *list_of(struct reader *reader, const struct bus_fetch *fetch)
{
    struct run *run = round_run_of(reader, fetch->ref.topic, fetch->ref.partition);

    if (!list_has(&fetch->node))
        return NULL;
    for (struct list_node *node = run ? list_first(&run->fetches) : NULL; node;
         node = list_next(&run->fetches, node))
        if (node == &fetch->node)
            return &run->fetches;
    return &reader->waiting;
}

void reader_cancel(struct reader *reader, struct bus_fetch *fetch)
{
    struct list *list = list_of(reader, fetch);

    if (!list)
        return;
    if (reader->next == &fetch->node)
        reader->next = list_next(list, &fetch->node);
    if (reader->current == fetch)
        reader->current = NULL;
    list_remove(list, &fetch->node);
    if (list != &reader->waiting)
        round_settle_later(reader);
}
