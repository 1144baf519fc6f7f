/* SPDX-License-Identifier: Apache-2.0
 * The fake's publishing side: records wait for the end of the turn, then are stored and
 * acknowledged in order, or fail as a hook says. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "fakes/bus_fake_internal.h"

struct publication {
    struct list_node node;
    enum bus_topic topic;
    struct fake_record *record;
    struct bus_ticket *ticket;
};

static void fire(struct bus_ticket *ticket, const struct bus_ack *ack)
{
    ticket->bus = NULL;
    ticket->on_acked(ticket->owner, ticket, ack);
}

static void fire_refused(struct bus *bus)
{
    struct list_node *node;

    for (size_t count = bus->refused.count; count > 0; count--) {
        node = list_shift(&bus->refused);
        struct bus_ticket *ticket = LIST_OWNER(node, struct bus_ticket, node);
        struct bus_ack ack = ticket->failure;
        fire(ticket, &ack);
    }
}

/* Stores it unless a hook says otherwise. */
static struct bus_ack store(struct bus_hub *hub, struct publication *p)
{
    struct fake_failure *failure = &hub->failures[p->topic];

    if (failure->count == 0)
        return (struct bus_ack){
            .ok = true, .offset = fake_append(hub, p->topic, p->record), .detail = "stored"};
    failure->count--;
    if (failure->is_stored)
        (void)fake_append(hub, p->topic, p->record);
    else
        xfree(p->record);
    return (struct bus_ack){.kind = failure->kind,
                            .maybe_persisted = failure->is_stored,
                            .detail = "the test made it fail"};
}

static void conclude(struct bus *bus, struct publication *p, const struct bus_ack *ack)
{
    struct bus_ticket *ticket = p->ticket;

    if (ack->ok) {
        bus->stats.published[p->topic]++;
        durations_add(&bus->stats.acks[p->topic], 0); /* there is no clock in here */
    } else {
        bus->stats.publish_failed[p->topic]++;
    }
    xfree(p);
    fire(ticket, ack);
}

static void uncount(struct bus *bus, const struct publication *p)
{
    bus->stats.queue_records--;
    bus->stats.queue_bytes -= p->record->delivery.key.len + p->record->delivery.value.len;
}

/* By a hook: the first one of a topic goes to the end. */
static void reorder(struct bus *bus)
{
    struct list_node *node, *next;

    for (node = list_first(&bus->outgoing); node; node = next) {
        bool *is_overtaken =
            &bus->hub->is_overtaken[LIST_OWNER(node, struct publication, node)->topic];
        next = list_next(&bus->outgoing, node);
        if (!*is_overtaken)
            continue;
        *is_overtaken = false;
        list_remove(&bus->outgoing, node);
        list_push(&bus->outgoing, node);
    }
}

void bus_fake_overtake(struct bus_hub *hub, enum bus_topic topic)
{
    hub->is_overtaken[topic] = true;
}

void fake_settle(struct bus *bus)
{
    if (!bus->hub->is_held && !bus->hub->is_gone) {
        reorder(bus);
        for (size_t count = bus->outgoing.count; count > 0; count--) {
            struct publication *p =
                LIST_OWNER(list_shift(&bus->outgoing), struct publication, node);
            uncount(bus, p);
            struct bus_ack ack = store(bus->hub, p);
            if (ack.ok || ack.maybe_persisted)
                fake_wake_all(bus->hub); /* somebody may wait for it */
            conclude(bus, p, &ack);
        }
    }
    fire_refused(bus);
}

void fake_refuse_all(struct bus *bus)
{
    struct bus_ack ack = {.kind = ERR_RETRY, .detail = "the log was closed"};

    while (bus->outgoing.count > 0) {
        struct publication *p = LIST_OWNER(list_shift(&bus->outgoing), struct publication, node);
        uncount(bus, p);
        xfree(p->record);
        conclude(bus, p, &ack);
    }
    while (bus->refused.count > 0)
        fire_refused(bus);
}

static const char *fault_of(const struct bus *bus, const struct bus_record *record)
{
    size_t value_bytes = record->head.len + record->body.len;

    if (!fake_partition(bus->hub, record->topic, record->partition))
        return "the topic has no such partition";
    if (value_bytes > BUS_RECORD_MAX_BYTES)
        return "the record is too large";
    if (!bus_topic_row(record->topic)->is_compacted)
        return record->is_tombstone ? "a tombstone needs a compacted topic" : NULL;
    if (record->key.len == 0)
        return "a record of a compacted topic needs a key";
    return record->is_tombstone && value_bytes > 0 ? "a tombstone has no value" : NULL;
}

static void refuse(struct bus *bus, struct bus_ticket *ticket, enum err_kind kind,
                   const char *detail)
{
    ticket->failure = (struct bus_ack){.kind = kind, .detail = detail};
    list_push(&bus->refused, &ticket->node);
}

void bus_publish(struct bus *bus, const struct bus_record *record, struct bus_ticket *ticket)
{
    const char *fault = fault_of(bus, record);

    ASSERT(!ticket->bus);
    ticket->bus = bus;
    ticket->partition = record->partition;
    fake_wake(bus);
    if (fault) {
        refuse(bus, ticket, ERR_INVALID, fault);
    } else if (bus->is_closing) {
        refuse(bus, ticket, ERR_RETRY, "the log is being closed");
    } else {
        struct publication *p = xalloc(sizeof *p);
        p->topic = record->topic;
        p->record = fake_record_new(record);
        p->ticket = ticket;
        bus->stats.queue_records++;
        bus->stats.queue_bytes += record->key.len + record->head.len + record->body.len;
        list_push(&bus->outgoing, &p->node);
    }
}
