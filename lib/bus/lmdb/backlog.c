/* SPDX-License-Identifier: Apache-2.0
 * The backlog of what is consumed: the end of the partition less the watermark. */
#include "bus/lmdb/consumer.h"

/* What was not delivered yet says itself when it was stored. */
static int64_t stored_at_ms(struct bus_consumer *c, int32_t partition, int64_t offset)
{
    struct store_partition *p = store_partition(&c->bus->hub->store, c->group->topic, partition);
    struct bus_delivery delivery = {0};
    MDB_txn *txn = bus_read_begin(c->bus);
    MDB_cursor *cursor;
    MDB_val key, value;
    int64_t age_ms;

    if (!txn)
        return 0;
    if (mdb_cursor_open(txn, p->records, &cursor) == 0) {
        if (store_seek(cursor, offset, &key, &value) == 0)
            store_decode(key, value, &delivery, &age_ms);
        mdb_cursor_close(cursor);
    }
    bus_read_end(c->bus);
    return delivery.stored_at_ms;
}

static void measure(struct bus_consumer *c, struct bus_backlog *backlog)
{
    const struct consumer_slot *slot = consumer_slot(c, backlog->partition);

    if ((slot->state != SLOT_RUNNING && slot->state != SLOT_DRAINING) || !slot->watermark)
        return;
    int64_t lowest = watermark_lowest(slot->watermark);
    backlog->records = bus_end_offset(c, backlog->partition) - lowest;
    backlog->oldest_at_ms = watermark_lowest_at_ms(slot->watermark);
    if (backlog->records > 0 && backlog->oldest_at_ms == 0)
        backlog->oldest_at_ms = stored_at_ms(c, backlog->partition, lowest);
}

void bus_each_backlog(struct bus *bus,
                      void (*on_backlog)(void *owner, const struct bus_backlog *backlog),
                      void *owner)
{
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node)) {
        struct bus_consumer *c = LIST_OWNER(node, struct bus_consumer, node);
        for (int32_t i = 0; i < c->group->count; i++) {
            struct bus_backlog backlog = {.topic = c->group->topic, .partition = i};
            measure(c, &backlog);
            on_backlog(owner, &backlog);
        }
    }
}
