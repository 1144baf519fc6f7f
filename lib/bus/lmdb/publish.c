/* SPDX-License-Identifier: Apache-2.0
 * Publishing, on the role's side: a record is gathered into one block, the blocks of a turn go to
 * the writer under one lock, and their tickets are acknowledged in order when it rings. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "bus/lmdb/hub.h"
#include "net/clock.h"

#define GATHER_MS         5 /* each sync costs more than what it writes */
#define QUEUE_LIMIT_BYTES ((uint64_t)256 * 1024 * 1024) /* waiting: nothing more is taken */

/* ---- acknowledging ---- */

static void fire(struct bus_ticket *ticket, const struct bus_ack *ack)
{
    ticket->bus = NULL;
    ticket->on_acked(ticket->owner, ticket, ack);
}

static void count_ack(struct bus *bus, const struct hub_publication *p, uint64_t now_us)
{
    struct bus_stats *stats = &bus->stats;

    stats->queue_records--;
    stats->queue_bytes -= p->record.key.len + p->record.value.len;
    if (!p->ack.ok) {
        stats->publish_failed[p->record.topic]++;
        return;
    }
    stats->published[p->record.topic]++;
    durations_add(&stats->acks[p->record.topic], now_us - p->published_us);
}

static void acknowledge(struct bus *bus, struct hub_publication *p, uint64_t now_us)
{
    struct bus_ticket *ticket = p->ticket;
    struct bus_ack ack = p->ack;

    count_ack(bus, p, now_us);
    xfree(p);
    fire(ticket, &ack);
}

/* Moves all nodes to the end of another list. */
static void move_all(struct list *from, struct list *to)
{
    struct list_node *node;

    while ((node = list_shift(from)) != NULL)
        list_push(to, node);
}

void publish_acknowledge(struct bus *bus)
{
    uint64_t now_us = clock_monotonic_us();
    struct list settled;
    struct list_node *node;

    list_init(&settled);
    (void)pthread_mutex_lock(&bus->hub->lock);
    move_all(&bus->settled, &settled);
    (void)pthread_mutex_unlock(&bus->hub->lock);
    while ((node = list_shift(&settled)) != NULL)
        acknowledge(bus, LIST_OWNER(node, struct hub_publication, node), now_us);
}

static void fire_refused(struct bus *bus)
{
    struct list refused;
    struct list_node *node;

    list_init(&refused);
    move_all(&bus->refused, &refused);
    while ((node = list_shift(&refused)) != NULL) {
        struct bus_ticket *ticket = LIST_OWNER(node, struct bus_ticket, node);
        struct bus_ack ack = ticket->failure;
        fire(ticket, &ack);
    }
}

/* ---- publishing ---- */

/* Hub lock held. */
static void queue_up(struct bus *bus)
{
    struct bus_hub *hub = bus->hub;

    if (bus->outgoing.count == 0)
        return;
    uint64_t due_ms = clock_monotonic_ms() + (bus->is_urgent ? 0 : GATHER_MS);
    if (hub->queue.count == 0 || due_ms < hub->queue_due_ms) {
        hub->queue_due_ms = due_ms;
        (void)pthread_cond_signal(&hub->work);
    }
    bus->is_urgent = false;
    move_all(&bus->outgoing, &hub->queue);
}

/* The end of the turn: everything published in it goes to the writer under one lock. */
static void flush(void *owner)
{
    struct bus *bus = owner;
    struct bus_hub *hub = bus->hub;

    (void)pthread_mutex_lock(&hub->lock);
    queue_up(bus);
    consumer_push_marks(bus);
    (void)pthread_mutex_unlock(&hub->lock);
    fire_refused(bus);
}

void publish_flush_later(struct bus *bus)
{
    loop_later(bus->loop, &bus->flush, flush, bus);
}

static void refuse(struct bus *bus, struct bus_ticket *ticket, enum err_kind kind,
                   const char *detail)
{
    ticket->failure = (struct bus_ack){.kind = kind, .detail = detail};
    list_push(&bus->refused, &ticket->node);
    publish_flush_later(bus);
}

/* The reason to refuse a record, or NULL. */
static const char *fault_of(const struct bus *bus, const struct bus_record *record)
{
    struct store *store = &bus->hub->store;
    size_t value_bytes = record->head.len + record->body.len;

    if (!store_partition(store, record->topic, record->partition))
        return "the topic has no such partition";
    if (value_bytes > BUS_RECORD_MAX_BYTES)
        return "the record is too large";
    if (record->key.len > STORE_KEY_MAX_BYTES)
        return "the key of the record is too large";
    if (!store->topics[record->topic].is_compacted)
        return record->is_tombstone ? "a tombstone needs a compacted topic" : NULL;
    if (record->key.len == 0)
        return "a record of a compacted topic needs a key";
    return record->is_tombstone && value_bytes > 0 ? "a tombstone has no value" : NULL;
}

static char *put_bytes(char *to, struct slice bytes)
{
    if (bytes.len > 0)
        memcpy(to, bytes.at, bytes.len);
    return to + bytes.len;
}

static struct hub_publication *publication_new(const struct bus_record *record)
{
    size_t value_bytes = record->head.len + record->body.len;
    struct hub_publication *p = xrealloc(NULL, sizeof *p + record->key.len + value_bytes);

    *p = (struct hub_publication){.published_us = clock_monotonic_us()};
    p->record.topic = record->topic;
    p->record.partition = record->partition;
    p->record.is_tombstone = record->is_tombstone;
    p->record.key = slice_of(p->bytes, record->key.len);
    p->record.value = slice_of(p->bytes + record->key.len, value_bytes);
    (void)put_bytes(put_bytes(put_bytes(p->bytes, record->key), record->head), record->body);
    return p;
}

/* An event tells what has happened already. */
static bool is_awaited(const struct bus *bus, enum bus_topic topic)
{
    return !bus->is_gathering && topic != BUS_EVENT;
}

void bus_publish(struct bus *bus, const struct bus_record *record, struct bus_ticket *ticket)
{
    const char *fault = fault_of(bus, record);

    ASSERT(!ticket->bus);
    ticket->bus = bus;
    ticket->partition = record->partition;
    if (fault) {
        refuse(bus, ticket, ERR_INVALID, fault);
        return;
    }
    if (bus->is_closing || bus->stats.queue_bytes > QUEUE_LIMIT_BYTES) {
        bus->stats.publish_failed[record->topic]++;
        refuse(bus, ticket, bus->is_closing ? ERR_RETRY : ERR_LIMIT,
               bus->is_closing ? "the log is being closed" : "too much waits for the log");
        return;
    }
    struct hub_publication *p = publication_new(record);
    p->bus = bus;
    p->ticket = ticket;
    bus->stats.queue_records++;
    bus->stats.queue_bytes += p->record.key.len + p->record.value.len;
    list_push(&bus->outgoing, &p->node);
    bus->is_urgent = bus->is_urgent || is_awaited(bus, record->topic);
    publish_flush_later(bus);
}

/* ---- the bus is going ---- */

/* Takes this bus's publications out of a list of the hub's. */
static void withdraw(struct bus *bus, struct list *from, struct list *to)
{
    struct list_node *node = list_first(from);

    while (node) {
        struct list_node *next = list_next(from, node);
        struct hub_publication *p = LIST_OWNER(node, struct hub_publication, node);
        if (p->bus == bus) {
            list_remove(from, node);
            list_push(to, node);
        }
        node = next;
    }
}

/* The writer has them: it will store them, but nobody will be there to hear it. */
static void orphan_batch(struct bus *bus, struct list *tickets)
{
    struct list *batch = &bus->hub->batch;

    for (struct list_node *node = list_first(batch); node; node = list_next(batch, node)) {
        struct hub_publication *p = LIST_OWNER(node, struct hub_publication, node);
        if (p->bus != bus)
            continue;
        p->bus = NULL;
        p->ticket->failure = (struct bus_ack){
            .kind = ERR_RETRY, .maybe_persisted = true, .detail = "the log was closed"};
        list_push(tickets, &p->ticket->node);
    }
}

static void take_back(struct bus *bus, struct list *withdrawn)
{
    struct bus_hub *hub = bus->hub;

    (void)pthread_mutex_lock(&hub->lock);
    withdraw(bus, &hub->queue, withdrawn);
    orphan_batch(bus, &bus->refused);
    (void)pthread_mutex_unlock(&hub->lock);
}

/* In the order they were published: settled, in the transaction, queued, not yet queued. */
void publish_fail_all(struct bus *bus)
{
    struct list withdrawn;
    struct list_node *node;

    list_init(&withdrawn);
    take_back(bus, &withdrawn);
    publish_acknowledge(bus);
    fire_refused(bus);
    move_all(&bus->outgoing, &withdrawn);
    while ((node = list_shift(&withdrawn)) != NULL) {
        struct hub_publication *p = LIST_OWNER(node, struct hub_publication, node);
        p->ack = (struct bus_ack){.kind = ERR_RETRY, .detail = "the log was closed"};
        acknowledge(bus, p, clock_monotonic_us());
    }
    while (bus->refused.count > 0) /* published meanwhile: refused at once */
        fire_refused(bus);
}
