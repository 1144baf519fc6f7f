/* SPDX-License-Identifier: Apache-2.0
 * Point reads: what was asked for in one loop turn is sorted by partition and offset and read in
 * one short transaction; large ranges go on in the next turn. References come from records and are
 * checked against what is there. */
#include "bus/fetches.h"
#include "bus/lmdb/hub.h"

#define TURN_BYTES ((size_t)4 * 1024 * 1024)

enum reading { READ_DONE, READ_GONE, READ_FAILED, READ_MORE, READ_CANCELLED };

/* The record at the cursor. False: the fetch was cancelled by its callback. */
static bool give_piece(struct bus *bus, struct bus_fetch *fetch,
                       const struct bus_delivery *delivery)
{
    if (fetch->ref.key.len > 0 && !slice_eq(fetch->ref.key, delivery->key))
        return true;
    fetch->on_piece(fetch->owner, fetch, delivery);
    return bus->fetch_now == fetch;
}

/* Both ends of a reference are records it was made from: if one is not there, it is gone. */
static enum reading read_range(struct bus *bus, struct bus_fetch *fetch, MDB_cursor *cursor,
                               size_t *left)
{
    int64_t first = fetch->next_offset, last = fetch->ref.last_offset;
    bool is_begun = first != fetch->ref.first_offset;
    MDB_val key, value;
    int rc = store_seek(cursor, first, &key, &value);

    for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct bus_delivery delivery;
        int64_t age_ms;
        store_decode(key, value, &delivery, &age_ms);
        delivery.partition = fetch->ref.partition;
        if (delivery.offset > last || (!is_begun && delivery.offset != first))
            return READ_GONE;
        is_begun = true;
        if (!give_piece(bus, fetch, &delivery))
            return READ_CANCELLED;
        if (delivery.offset == last)
            return READ_DONE;
        fetch->next_offset = delivery.offset + 1;
        *left -= value.mv_size < *left ? value.mv_size : *left;
        if (*left == 0)
            return READ_MORE;
    }
    return rc == MDB_NOTFOUND ? READ_GONE : READ_FAILED;
}

static enum reading read_one(struct bus *bus, struct bus_fetch *fetch, size_t *left)
{
    const struct bus_ref *ref = &fetch->ref;
    struct store_partition *p = store_partition(&bus->hub->store, ref->topic, ref->partition);
    MDB_cursor *cursor;

    if (!p || ref->first_offset < 0 || ref->last_offset < ref->first_offset)
        return READ_GONE;
    if (ref->last_offset >= atomic_load(&p->end_offset))
        return READ_FAILED;
    if (mdb_cursor_open(bus->reader, p->records, &cursor) != 0)
        return READ_FAILED;
    enum reading reading = read_range(bus, fetch, cursor, left);
    mdb_cursor_close(cursor);
    return reading;
}

static void conclude(struct bus_fetch *fetch, enum reading reading)
{
    fetch->is_done = true;
    fetch->on_fetched(fetch->owner, fetch, reading == READ_DONE, reading == READ_GONE);
}

void fetch_fail_all(struct bus *bus)
{
    struct list_node *node;

    while ((node = list_shift(&bus->fetches)) != NULL)
        conclude(LIST_OWNER(node, struct bus_fetch, node), READ_FAILED);
}

/* Those that waited when it began, as far as the turn's bytes reach. */
static void read_all(struct bus *bus)
{
    size_t left = TURN_BYTES;

    for (size_t count = bus->fetches.count; count > 0 && left > 0; count--) {
        struct list_node *node = list_shift(&bus->fetches);
        if (!node) /* cancelled meanwhile */
            break;
        struct bus_fetch *fetch = LIST_OWNER(node, struct bus_fetch, node);
        bus->fetch_now = fetch;
        enum reading reading = read_one(bus, fetch, &left);
        bus->fetch_now = NULL;
        if (reading == READ_MORE)
            list_push_front(&bus->fetches, node);
        else if (reading != READ_CANCELLED)
            conclude(fetch, reading);
    }
}

static void run(void *owner)
{
    struct bus *bus = owner;

    if (bus->fetches.count == 0)
        return;
    if (!bus_read_begin(bus)) {
        fetch_fail_all(bus);
        return;
    }
    bus_fetches_sort(&bus->fetches);
    read_all(bus);
    bus_read_end(bus);
    if (bus->fetches.count > 0)
        loop_later(bus->loop, &bus->fetching, run, bus);
}

void bus_fetch(struct bus *bus, struct bus_fetch *fetch)
{
    fetch->next_offset = fetch->ref.first_offset;
    fetch->is_done = false;
    list_push(&bus->fetches, &fetch->node);
    loop_later(bus->loop, &bus->fetching, run, bus);
}

void bus_fetch_cancel(struct bus *bus, struct bus_fetch *fetch)
{
    if (bus->fetch_now == fetch)
        bus->fetch_now = NULL;
    else if (list_has(&fetch->node))
        list_remove(&bus->fetches, &fetch->node);
}
