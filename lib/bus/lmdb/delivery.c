/* SPDX-License-Identifier: Apache-2.0
 * Delivery: records go to on_record straight from the map, in one short read transaction per loop
 * turn, a bounded number of them: a long transaction would keep the writer from reusing pages. */
#include "bus/lmdb/consumer.h"
#include "bus/stats.h"

#define TURN_RECORDS      256 /* delivered per loop turn, and of these per partition: */
#define TURN_SLOT_RECORDS 64
#define TURN_BYTES        ((size_t)1024 * 1024)

struct turn {
    MDB_txn *txn;
    size_t records, bytes; /* that may still be delivered */
};

static bool is_deliverable(const struct bus_consumer *c, const struct consumer_slot *slot)
{
    return slot->state == SLOT_RUNNING && !c->is_paused && !watermark_is_full(slot->watermark);
}

/* One record. False: this partition has had its turn. */
static bool deliver_record(struct bus_consumer *c, int32_t partition, MDB_val key, MDB_val value)
{
    struct consumer_slot *slot = consumer_slot(c, partition);
    unsigned starts = slot->starts;
    struct bus_delivery delivery;
    int64_t age_ms;

    store_decode(key, value, &delivery, &age_ms);
    delivery.partition = partition;
    watermark_take(slot->watermark, delivery.offset, delivery.stored_at_ms);
    c->bus->stats.consumed[c->group->topic]++;
    c->ops->on_record(c->owner, &delivery);
    return slot->starts == starts && is_deliverable(c, slot);
}

static void deliver_from(struct bus_consumer *c, int32_t partition, MDB_cursor *cursor,
                         struct turn *turn)
{
    size_t quota = TURN_SLOT_RECORDS;
    MDB_val key, value;
    int rc =
        store_seek(cursor, watermark_next(consumer_slot(c, partition)->watermark), &key, &value);

    while (rc == 0) {
        turn->records--;
        turn->bytes -= value.mv_size < turn->bytes ? value.mv_size : turn->bytes;
        if (!deliver_record(c, partition, key, value) || --quota == 0 || turn->records == 0 ||
            turn->bytes == 0)
            return;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (rc != MDB_NOTFOUND)
        stats_add_errors(&c->bus->stats, "read", 1);
}

/* More is there and may be delivered. */
static bool has_more(const struct bus_consumer *c, int32_t partition)
{
    const struct consumer_slot *slot = consumer_slot(c, partition);

    return is_deliverable(c, slot) &&
           watermark_next(slot->watermark) < bus_end_offset(c, partition);
}

/* True: call again. */
static bool deliver_partition(struct bus_consumer *c, int32_t partition, struct turn *turn)
{
    MDB_cursor *cursor;
    struct store_partition *p = store_partition(&c->bus->hub->store, c->group->topic, partition);

    if (!has_more(c, partition) || turn->records == 0 || turn->bytes == 0)
        return has_more(c, partition);
    if (mdb_cursor_open(turn->txn, p->records, &cursor) != 0) {
        stats_add_errors(&c->bus->stats, "read", 1);
        return false;
    }
    deliver_from(c, partition, cursor, turn);
    mdb_cursor_close(cursor);
    return has_more(c, partition);
}

static bool deliver_topic(struct bus_consumer *c, struct turn *turn)
{
    bool is_more = false;

    c->first = (c->first + 1) % c->group->count;
    for (int32_t i = 0; i < c->group->count; i++)
        is_more |= deliver_partition(c, (c->first + i) % c->group->count, turn);
    return is_more;
}

static void deliver(void *owner)
{
    struct bus *bus = owner;
    struct turn turn = {bus_read_begin(bus), TURN_RECORDS, TURN_BYTES};
    bool is_more = false;

    if (!turn.txn)
        return;
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node))
        is_more |= deliver_topic(LIST_OWNER(node, struct bus_consumer, node), &turn);
    bus_read_end(bus);
    if (is_more)
        loop_later(bus->loop, &bus->delivery, deliver, bus);
}

void delivery_later(struct bus *bus)
{
    loop_later(bus->loop, &bus->delivery, deliver, bus);
}
