/* SPDX-License-Identifier: Apache-2.0
 * One role's end of the hub: its life, its bell, its read transaction, its figures. */
#include "base/hash.h"
#include "base/xalloc.h"
#include "bus/lmdb/hub.h"
#include "bus/stats.h"

#define QUEUE_MARK_BYTES ((uint64_t)64 * 1024 * 1024) /* no room for new mail above */

/* ---- reading ---- */

MDB_txn *bus_read_begin(struct bus *bus)
{
    int rc = bus->reader ? mdb_txn_renew(bus->reader)
                         : mdb_txn_begin(bus->hub->store.env, NULL, MDB_RDONLY, &bus->reader);

    if (rc == 0)
        return bus->reader;
    stats_add_errors(&bus->stats, "read", 1);
    return NULL;
}

void bus_read_end(struct bus *bus)
{
    mdb_txn_reset(bus->reader);
}

/* ---- life ---- */

static void on_rung(void *owner)
{
    struct bus *bus = owner;

    publish_acknowledge(bus);
    consumer_sync_all(bus);
}

int bus_new(struct bus_hub *hub, struct loop *loop, const char *name, enum bus_pace pace,
            struct bus **ret_bus, struct err *err)
{
    struct bus *bus = xalloc(sizeof *bus);

    (void)name; /* there is no broker to tell it to */
    (void)err;
    bus->hub = hub;
    bus->loop = loop;
    bus->is_gathering = pace == BUS_GATHERING;
    bus->bell = loop_post_new(loop, on_rung, bus);
    list_init(&bus->outgoing);
    list_init(&bus->refused);
    list_init(&bus->settled);
    list_init(&bus->consumers);
    list_init(&bus->fetches);
    stats_add_errors(&bus->stats, "read", 0);
    (void)pthread_mutex_lock(&hub->lock);
    list_push(&hub->buses, &bus->node);
    (void)pthread_mutex_unlock(&hub->lock);
    *ret_bus = bus;
    return 0;
}

/* Nobody rings the bell any more. */
static void leave_hub(struct bus *bus)
{
    (void)pthread_mutex_lock(&bus->hub->lock);
    list_remove(&bus->hub->buses, &bus->node);
    (void)pthread_mutex_unlock(&bus->hub->lock);
}

void bus_free(struct bus **bus)
{
    struct bus *b = *bus;

    if (!b)
        return;
    b->is_closing = true;
    consumer_drop_all(b);
    leave_hub(b);
    publish_fail_all(b);
    fetch_fail_all(b);
    loop_later_cancel(b->loop, &b->flush);
    loop_later_cancel(b->loop, &b->delivery);
    loop_later_cancel(b->loop, &b->fetching);
    loop_post_free(&b->bell);
    if (b->reader)
        mdb_txn_abort(b->reader);
    xfree(b);
    *bus = NULL;
}

/* ---- what is known ---- */

bool bus_is_ready(const struct bus *bus, const char **ret_why)
{
    const char *broken = atomic_load(&bus->hub->broken);

    if (broken && ret_why)
        *ret_why = broken;
    return !broken;
}

bool bus_has_room(const struct bus *bus)
{
    return !atomic_load(&bus->hub->room.is_full) && bus->stats.queue_bytes < QUEUE_MARK_BYTES;
}

int32_t bus_partitions(const struct bus *bus, enum bus_topic topic)
{
    return bus->hub->store.topics[topic].count;
}

int32_t bus_partition_of(const struct bus *bus, enum bus_topic topic, struct slice key)
{
    return (int32_t)(hash_bytes(key) % (uint64_t)bus_partitions(bus, topic));
}

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats)
{
    const struct room *room = &bus->hub->room;

    *ret_stats = bus->stats;
    ret_stats->stored_bytes = (uint64_t)atomic_load(&room->used_bytes);
    ret_stats->room_bytes = (uint64_t)room->map_bytes;
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        if (!bus_topic_row(topic)->is_compacted)
            ret_stats->retention_ms[topic] = bus->hub->expire_after_ms[topic];
}
