/* SPDX-License-Identifier: Apache-2.0
 * Tickets, back-off, tries without end. */
#include "sender/publisher.h"

#include "base/xalloc.h"

#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS   5000

struct publisher {
    struct loop *loop;
    struct bus *bus;
    void (*on_trouble)(void *owner, const char *detail);
    void *owner;
    struct buf head;     /* scratch: the bus copies it */
    struct list waiting; /* publications whose last try failed */
    struct loop_timer *retry;
    uint64_t backoff_ms;
    bool is_silent;
};

static struct publication *publication_of(struct list_node *node)
{
    return LIST_OWNER(node, struct publication, node);
}

static void wait_for_retry(struct publisher *publisher, struct publication *publication,
                           const char *detail)
{
    list_push(&publisher->waiting, &publication->node);
    if (loop_timer_is_running(publisher->retry))
        return;
    publisher->on_trouble(publisher->owner, detail);
    loop_timer_start(publisher->retry, publisher->backoff_ms);
    publisher->backoff_ms *= 2;
    if (publisher->backoff_ms > BACKOFF_MAX_MS)
        publisher->backoff_ms = BACKOFF_MAX_MS;
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct publication *publication = owner;
    struct publisher *publisher = publication->publisher;

    (void)ticket;
    if (publisher->is_silent)
        return;
    if (!ack->ok && !(ack->kind == ERR_INVALID && publication->is_dispensable)) {
        wait_for_retry(publisher, publication, ack->detail);
        return;
    }
    if (ack->ok)
        publisher->backoff_ms = BACKOFF_FIRST_MS;
    else
        publisher->on_trouble(publisher->owner, ack->detail);
    publication->on_durable(publication, !ack->ok);
}

void publisher_start(struct publisher *publisher, struct publication *publication)
{
    struct bus_record record = {0};
    const char *why = "";

    publication->publisher = publisher;
    if (!bus_is_ready(publisher->bus, &why)) {
        wait_for_retry(publisher, publication, why);
        return;
    }
    buf_clear(&publisher->head);
    publication->build(publication, &record, &publisher->head);
    record.head = buf_slice(&publisher->head);
    if (record.topic == BUS_EVENT)
        record.partition =
            bus_partition_of_moment(publisher->bus, BUS_EVENT, loop_now_ms(publisher->loop));
    else if (record.topic != BUS_WORK)
        record.partition = bus_partition_of(publisher->bus, record.topic, record.key);
    publication->ticket = (struct bus_ticket){.on_acked = on_acked, .owner = publication};
    bus_publish(publisher->bus, &record, &publication->ticket);
}

static void retry_all(void *owner)
{
    struct publisher *publisher = owner;
    size_t count = publisher->waiting.count;

    while (count-- > 0)
        publisher_start(publisher, publication_of(list_shift(&publisher->waiting)));
}

struct publisher *publisher_new(struct loop *loop, struct bus *bus,
                                void (*on_trouble)(void *owner, const char *detail), void *owner)
{
    struct publisher *publisher = xalloc(sizeof *publisher);

    publisher->loop = loop;
    publisher->bus = bus;
    publisher->on_trouble = on_trouble;
    publisher->owner = owner;
    publisher->backoff_ms = BACKOFF_FIRST_MS;
    publisher->retry = loop_timer_new(loop, retry_all, publisher);
    list_init(&publisher->waiting);
    return publisher;
}

void publisher_silence(struct publisher *publisher)
{
    publisher->is_silent = true;
    loop_timer_stop(publisher->retry);
}

void publisher_free(struct publisher **publisher)
{
    if (!*publisher)
        return;
    loop_timer_free(&(*publisher)->retry);
    buf_free(&(*publisher)->head);
    xfree(*publisher);
    *publisher = NULL;
}
