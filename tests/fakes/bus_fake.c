/* SPDX-License-Identifier: Apache-2.0
 * The fake hub: records in memory, the turn's end, the hooks. */
#include "base/assert.h"
#include "base/hash.h"
#include "base/xalloc.h"
#include "bus/settings.h"
#include "fakes/bus_fake_internal.h"
#include "net/clock.h"

const struct conf_section BUS_SECTION = {
    .name = "log",
    .help = "The fake has no settings.",
    .size = sizeof(struct bus_settings),
};

/* ---- records ---- */

struct fake_partition *fake_partition(const struct bus_hub *hub, enum bus_topic topic,
                                      int32_t partition)
{
    if ((unsigned)topic >= BUS_TOPICS || partition < 0 || partition >= hub->partitions[topic])
        return NULL;
    return &hub->topics[topic][partition];
}

static char *put_bytes(char *to, struct slice bytes)
{
    if (bytes.len > 0)
        memcpy(to, bytes.at, bytes.len);
    return to + bytes.len;
}

struct fake_record *fake_record_new(const struct bus_record *record)
{
    size_t value_bytes = record->head.len + record->body.len;
    struct fake_record *copy = xalloc(sizeof *copy + record->key.len + value_bytes);

    (void)put_bytes(put_bytes(put_bytes(copy->bytes, record->key), record->head), record->body);
    copy->delivery = (struct bus_delivery){
        .partition = record->partition,
        .key = slice_of(copy->bytes, record->key.len),
        .value = slice_of(copy->bytes + record->key.len, value_bytes),
        .is_tombstone = record->is_tombstone,
    };
    return copy;
}

static void forget(struct fake_partition *p, int64_t offset)
{
    xfree(p->records[offset]);
    p->records[offset] = NULL;
}

static void compact(struct fake_partition *p, const struct fake_record *newest)
{
    for (int64_t i = 0; i < p->end_offset; i++) {
        if (p->records[i] && slice_eq(p->records[i]->delivery.key, newest->delivery.key))
            forget(p, i);
    }
}

int64_t fake_append(struct bus_hub *hub, enum bus_topic topic, struct fake_record *record)
{
    struct fake_partition *p = fake_partition(hub, topic, record->delivery.partition);

    if (bus_topic_row(topic)->is_compacted)
        compact(p, record);
    if ((size_t)p->end_offset == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->records = xrealloc(p->records, p->room * sizeof(struct fake_record *));
    }
    record->delivery.offset = p->end_offset;
    record->delivery.stored_at_ms = clock_wall_ms();
    p->records[p->end_offset++] = record;
    if (hub->on_stored)
        hub->on_stored(hub->watcher, topic, &record->delivery);
    return record->delivery.offset;
}

/* ---- the end of the turn ---- */

static void on_turn_end(void *owner)
{
    struct bus *bus = owner;

    fake_settle(bus);
    fake_consume(bus);
    fake_fetch(bus);
}

void fake_wake(struct bus *bus)
{
    loop_later(bus->loop, &bus->turn_end, on_turn_end, bus);
}

void fake_wake_all(struct bus_hub *hub)
{
    for (struct list_node *node = list_first(&hub->buses); node;
         node = list_next(&hub->buses, node))
        fake_wake(LIST_OWNER(node, struct bus, node));
}

/* ---- process and role ---- */

int bus_hub_open(const struct bus_settings *settings, struct bus_hub **ret_hub, struct err *err)
{
    struct bus_hub *hub = xalloc(sizeof *hub);

    (void)err;
    list_init(&hub->buses);
    list_init(&hub->groups);
    hub->drain_ms = settings->drain_ms;
    for (int topic = 0; topic < BUS_TOPICS; topic++) {
        int64_t wanted = settings->partitions[topic];
        hub->partitions[topic] =
            wanted > 0 ? (int32_t)wanted : bus_topic_row((enum bus_topic)topic)->partitions;
        hub->topics[topic] = xalloc((size_t)hub->partitions[topic] * sizeof *hub->topics[topic]);
    }
    *ret_hub = hub;
    return 0;
}

int bus_hub_renew(struct bus_hub *hub, struct err *err)
{
    (void)hub;
    (void)err;
    return 0;
}

static void partition_free(struct fake_partition *p)
{
    for (int64_t i = 0; i < p->end_offset; i++)
        xfree(p->records[i]);
    xfree(p->records);
}

void bus_hub_close(struct bus_hub **hub)
{
    struct bus_hub *h = *hub;
    struct list_node *node;

    if (!h)
        return;
    ASSERT(h->buses.count == 0);
    while ((node = list_shift(&h->groups)) != NULL)
        fake_group_free(LIST_OWNER(node, struct fake_group, node));
    for (int topic = 0; topic < BUS_TOPICS; topic++) {
        for (int32_t i = 0; i < h->partitions[topic]; i++)
            partition_free(&h->topics[topic][i]);
        xfree(h->topics[topic]);
    }
    xfree(h);
    *hub = NULL;
}

int bus_new(struct bus_hub *hub, struct loop *loop, const char *name, enum bus_pace pace,
            struct bus **ret_bus, struct err *err)
{
    struct bus *bus = xalloc(sizeof *bus);

    (void)name;
    (void)pace;
    (void)err;
    bus->hub = hub;
    bus->loop = loop;
    list_init(&bus->outgoing);
    list_init(&bus->refused);
    list_init(&bus->consumers);
    list_init(&bus->fetches);
    list_push(&hub->buses, &bus->node);
    *ret_bus = bus;
    return 0;
}

void bus_free(struct bus **bus)
{
    struct bus *b = *bus;

    if (!b)
        return;
    b->is_closing = true;
    fake_drop_consumers(b);
    fake_refuse_all(b);
    fake_fetch_fail_all(b);
    loop_later_cancel(b->loop, &b->turn_end);
    list_remove(&b->hub->buses, &b->node);
    xfree(b);
    *bus = NULL;
}

bool bus_is_ready(const struct bus *bus, const char **ret_why)
{
    if (bus->hub->is_gone && ret_why)
        *ret_why = "the fake broker was dropped";
    return !bus->hub->is_gone;
}

bool bus_has_room(const struct bus *bus)
{
    return !bus->hub->has_no_room;
}

int32_t bus_partitions(const struct bus *bus, enum bus_topic topic)
{
    return bus->hub->partitions[topic];
}

int32_t bus_partition_of(const struct bus *bus, enum bus_topic topic, struct slice key)
{
    return (int32_t)(hash_bytes(key) % (uint64_t)bus->hub->partitions[topic]);
}

void bus_stats(const struct bus *bus, struct bus_stats *ret_stats)
{
    *ret_stats = bus->stats;
}

/* ---- hooks ---- */

void bus_fake_fail(struct bus_hub *hub, enum bus_topic topic, size_t count, enum err_kind kind,
                   bool is_stored)
{
    hub->failures[topic] = (struct fake_failure){count, kind, is_stored};
}

void bus_fake_hold(struct bus_hub *hub, bool is_held)
{
    hub->is_held = is_held;
    fake_wake_all(hub);
}

void bus_fake_drop_broker(struct bus_hub *hub, bool is_gone)
{
    hub->is_gone = is_gone;
    fake_wake_all(hub);
}

void bus_fake_set_room(struct bus_hub *hub, bool has_room)
{
    hub->has_no_room = !has_room;
}

void bus_fake_lose(struct bus_hub *hub, enum bus_topic topic, int32_t partition)
{
    for (struct list_node *node = list_first(&hub->groups); node;
         node = list_next(&hub->groups, node)) {
        struct fake_group *group = LIST_OWNER(node, struct fake_group, node);
        if (group->topic == topic && group->shares[partition].state != FAKE_FREE)
            group->shares[partition].is_lost = true;
    }
    fake_wake_all(hub);
}

void bus_fake_expire(struct bus_hub *hub, enum bus_topic topic, int32_t partition,
                     int64_t below_offset)
{
    struct fake_partition *p = fake_partition(hub, topic, partition);

    for (int64_t i = 0; i < p->end_offset && i < below_offset; i++)
        forget(p, i);
}

void bus_fake_watch(struct bus_hub *hub,
                    void (*on_stored)(void *owner, enum bus_topic topic,
                                      const struct bus_delivery *record),
                    void *owner)
{
    hub->on_stored = on_stored;
    hub->watcher = owner;
}

bool bus_fake_record(const struct bus_hub *hub, enum bus_topic topic, size_t index,
                     struct bus_delivery *ret_record)
{
    for (int32_t i = 0; i < hub->partitions[topic]; i++) {
        const struct fake_partition *p = &hub->topics[topic][i];
        for (int64_t offset = 0; offset < p->end_offset; offset++) {
            if (!p->records[offset] || index-- > 0)
                continue;
            *ret_record = p->records[offset]->delivery;
            return true;
        }
    }
    return false;
}

size_t bus_fake_count(const struct bus_hub *hub, enum bus_topic topic)
{
    size_t count = 0;

    for (int32_t i = 0; i < hub->partitions[topic]; i++) {
        const struct fake_partition *p = &hub->topics[topic][i];
        for (int64_t offset = 0; offset < p->end_offset; offset++)
            count += p->records[offset] != NULL;
    }
    return count;
}

int64_t bus_fake_committed(const struct bus_hub *hub, enum bus_topic topic, const char *group,
                           int32_t partition)
{
    for (struct list_node *node = list_first(&hub->groups); node;
         node = list_next(&hub->groups, node)) {
        struct fake_group *g = LIST_OWNER(node, struct fake_group, node);
        if (g->topic == topic && slice_eq(slice_str(g->name), slice_str(group)))
            return g->shares[partition].committed;
    }
    return BUS_COMMITTED;
}
