/* SPDX-License-Identifier: Apache-2.0
 * Consuming a topic as a work queue: what the group says becomes on_assigned and on_revoked, and
 * records are delivered straight from the map, in short read transactions, a bounded number in each
 * loop turn. Everything here runs on the bus's loop; the shares are under the hub lock. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "bus/lmdb/hub.h"
#include "bus/watermark.h"

#define WINDOW_RECORDS     4096 /* in hand per partition */
#define TURN_RECORDS       256  /* delivered per loop turn, and of these per partition: */
#define TURN_SLOT_RECORDS  64
#define TURN_BYTES         ((size_t)1024 * 1024)
#define LEAVE_LIMIT_MS     2000 /* for the last marks to become durable */

enum slot_state {
    SLOT_NONE,
    SLOT_ASSIGNED, /* ours, waits for bus_start */
    SLOT_RUNNING,
    SLOT_DRAINING, /* revoked, waits for bus_release */
};

struct slot {
    enum slot_state state;
    struct watermark *watermark; /* from the first bus_start on */
    bool is_moved;               /* the watermark, since the last push */
    unsigned starts;             /* counts bus_start: a delivery in progress notices */
    int64_t reported;            /* on_committed */
    uint64_t drain_until_ms;
    /* The share as of the last sync. */
    bool is_owner, is_target;
    int64_t durable;
};

struct bus_consumer {
    struct list_node node; /* in bus->consumers */
    struct list_node seat; /* in group->members, hub lock */
    struct bus *bus;
    struct hub_group *group;
    const struct bus_consumer_ops *ops;
    void *owner;
    struct slot *slots;
    struct loop_timer *timer; /* the next drain or leave deadline */
    int32_t first;            /* the partition that is served first in the next turn */
    bool is_paused, has_moved, is_leaving, is_released;
    uint64_t last_mark;    /* of hub->marks_pushed, at the last release */
    uint64_t left_until_ms;
};

struct turn {
    MDB_txn *txn;
    size_t records, bytes; /* that may still be delivered */
};

struct bus *consumer_bus(const struct bus_consumer *consumer)
{
    return consumer->bus;
}

struct bus_consumer *consumer_of_seat(struct list_node *seat)
{
    return LIST_OWNER(seat, struct bus_consumer, seat);
}

static struct slot *slot_at(const struct bus_consumer *c, int32_t partition)
{
    ASSERT(partition >= 0 && partition < c->group->count);
    return &c->slots[partition];
}

static void lock(const struct bus_consumer *c)
{
    (void)pthread_mutex_lock(&c->bus->hub->lock);
}

static void unlock(const struct bus_consumer *c)
{
    (void)pthread_mutex_unlock(&c->bus->hub->lock);
}

/* ---- delivery ---- */

static bool is_deliverable(const struct bus_consumer *c, const struct slot *slot)
{
    return slot->state == SLOT_RUNNING && !c->is_paused && !watermark_is_full(slot->watermark);
}

/* One record. False: this partition has had its turn. */
static bool deliver_record(struct bus_consumer *c, int32_t partition, MDB_val key, MDB_val value)
{
    struct slot *slot = slot_at(c, partition);
    unsigned starts = slot->starts;
    struct bus_delivery delivery;
    int64_t age_ms;

    store_decode(key, value, &delivery, &age_ms);
    delivery.partition = partition;
    watermark_take(slot->watermark, delivery.offset);
    c->bus->stats.consumed[c->group->topic]++;
    c->ops->on_record(c->owner, &delivery);
    return slot->starts == starts && is_deliverable(c, slot);
}

static void deliver_from(struct bus_consumer *c, int32_t partition, MDB_cursor *cursor,
                         struct turn *turn)
{
    size_t quota = TURN_SLOT_RECORDS;
    MDB_val key, value;
    int rc = store_seek(cursor, watermark_next(slot_at(c, partition)->watermark), &key, &value);

    while (rc == 0) {
        turn->records--;
        turn->bytes -= value.mv_size < turn->bytes ? value.mv_size : turn->bytes;
        if (!deliver_record(c, partition, key, value) || --quota == 0 || turn->records == 0 ||
            turn->bytes == 0)
            return;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    if (rc != MDB_NOTFOUND)
        c->bus->stats.errors++;
}

/* More is there and may be delivered. */
static bool has_more(const struct bus_consumer *c, int32_t partition)
{
    const struct slot *slot = slot_at(c, partition);

    return is_deliverable(c, slot) &&
           watermark_next(slot->watermark) < bus_end_offset(c, partition);
}

/* True: call again. */
static bool deliver_partition(struct bus_consumer *c, int32_t partition, struct turn *turn)
{
    MDB_cursor *cursor;
    struct store_partition *p =
        store_partition(&c->bus->hub->store, c->group->topic, partition);

    if (!has_more(c, partition) || turn->records == 0 || turn->bytes == 0)
        return has_more(c, partition);
    if (mdb_cursor_open(turn->txn, p->records, &cursor) != 0) {
        c->bus->stats.errors++;
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

static void deliver_later(struct bus *bus);

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
        deliver_later(bus);
}

static void deliver_later(struct bus *bus)
{
    loop_later(bus->loop, &bus->delivery, deliver, bus);
}

/* ---- marks ---- */

static void push_mark(struct bus_consumer *c, int32_t partition)
{
    struct slot *slot = slot_at(c, partition);

    if (slot->is_moved)
        group_push_mark(c->bus->hub, &c->group->shares[partition],
                        watermark_lowest(slot->watermark));
    slot->is_moved = false;
}

static void push_marks(struct bus_consumer *c)
{
    for (int32_t i = 0; c->has_moved && i < c->group->count; i++)
        push_mark(c, i);
    c->has_moved = false;
}

void consumer_push_marks(struct bus *bus)
{
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node))
        push_marks(LIST_OWNER(node, struct bus_consumer, node));
}

/* ---- assigned and revoked ---- */

/* hub lock held. */
static void give_up(struct bus_consumer *c, int32_t partition)
{
    struct slot *slot = slot_at(c, partition);

    push_mark(c, partition);
    c->last_mark = c->bus->hub->marks_pushed;
    group_give_up(&c->group->shares[partition]);
    slot->state = SLOT_NONE;
    watermark_free(&slot->watermark);
}

static void release(struct bus_consumer *c, int32_t partition)
{
    lock(c);
    give_up(c, partition);
    unlock(c);
    loop_post_ring(c->bus->bell);
}

static void arm_timer(struct bus_consumer *c)
{
    uint64_t now = loop_now_ms(c->bus->loop), due = c->is_leaving ? c->left_until_ms : UINT64_MAX;

    for (int32_t i = 0; i < c->group->count; i++) {
        if (c->slots[i].state == SLOT_DRAINING && c->slots[i].drain_until_ms < due)
            due = c->slots[i].drain_until_ms;
    }
    if (due != UINT64_MAX)
        loop_timer_start(c->timer, due > now ? due - now : 1);
}

static void revoke(struct bus_consumer *c, int32_t partition)
{
    struct slot *slot = slot_at(c, partition);

    slot->state = SLOT_DRAINING;
    slot->drain_until_ms = loop_now_ms(c->bus->loop) + (uint64_t)c->bus->hub->drain_ms;
    c->bus->stats.rebalances++;
    arm_timer(c);
    c->ops->on_revoked(c->owner, partition, false);
}

static void report_mark(struct bus_consumer *c, int32_t partition)
{
    struct slot *slot = slot_at(c, partition);

    if (slot->durable == slot->reported)
        return;
    slot->reported = slot->durable;
    if (c->ops->on_committed)
        c->ops->on_committed(c->owner, partition, slot->durable);
}

static void sync_slot(struct bus_consumer *c, int32_t partition)
{
    struct slot *slot = slot_at(c, partition);

    if (!slot->is_owner)
        return;
    if (slot->state == SLOT_NONE && !slot->is_target) {
        release(c, partition); /* it came and went before we looked */
    } else if (slot->state == SLOT_NONE) {
        slot->state = SLOT_ASSIGNED;
        slot->reported = slot->durable;
        c->bus->stats.rebalances++;
        c->ops->on_assigned(c->owner, partition);
    } else {
        report_mark(c, partition);
        if (slot->state != SLOT_DRAINING && !slot->is_target)
            revoke(c, partition);
    }
}

/* True: nothing is held any more and the last marks are durable. hub lock held. */
static bool is_done(const struct bus_consumer *c)
{
    if (!c->is_leaving)
        return false;
    for (int32_t i = 0; i < c->group->count; i++) {
        if (c->group->shares[i].owner == c)
            return false;
    }
    return c->bus->hub->marks_kept >= c->last_mark ||
           loop_now_ms(c->bus->loop) >= c->left_until_ms;
}

static void look(struct bus_consumer *c)
{
    lock(c);
    for (int32_t i = 0; i < c->group->count; i++) {
        const struct hub_share *share = &c->group->shares[i];
        c->slots[i].is_owner = share->owner == c;
        c->slots[i].is_target = share->target == c;
        c->slots[i].durable = share->durable;
    }
    unlock(c);
}

/* Out of all lists; the memory goes. hub lock held. */
static void unlink_consumer(struct bus_consumer *c)
{
    if (c->is_leaving)
        c->bus->hub->leaving--;
    c->bus->topics &= ~(1U << c->group->topic);
    list_remove(&c->bus->consumers, &c->node);
}

static void consumer_free(struct bus_consumer *c)
{
    for (int32_t i = 0; i < c->group->count; i++)
        watermark_free(&c->slots[i].watermark);
    loop_timer_free(&c->timer);
    xfree(c->slots);
    xfree(c);
}

/* May free the consumer. */
static void sync_consumer(struct bus_consumer *c)
{
    look(c);
    for (int32_t i = 0; i < c->group->count; i++)
        sync_slot(c, i);
    lock(c);
    bool is_gone = is_done(c);
    if (is_gone)
        unlink_consumer(c);
    unlock(c);
    if (!is_gone)
        return;
    const struct bus_consumer_ops *ops = c->ops;
    void *owner = c->owner;
    consumer_free(c);
    ops->on_left(owner);
}

void consumer_sync_all(struct bus *bus)
{
    struct list_node *node = list_first(&bus->consumers);

    while (node) {
        struct list_node *next = list_next(&bus->consumers, node);
        sync_consumer(LIST_OWNER(node, struct bus_consumer, node));
        node = next;
    }
    if (bus->consumers.count > 0)
        deliver_later(bus);
}

static void on_deadline(void *owner)
{
    struct bus_consumer *c = owner;
    uint64_t now = loop_now_ms(c->bus->loop);

    for (int32_t i = 0; i < c->group->count; i++) {
        struct slot *slot = slot_at(c, i);
        if (slot->state != SLOT_DRAINING || slot->drain_until_ms > now)
            continue;
        release(c, i);
        c->ops->on_revoked(c->owner, i, true);
    }
    arm_timer(c);
    loop_post_ring(c->bus->bell);
}

/* ---- bus.h ---- */

struct bus_consumer *bus_consume(struct bus *bus, enum bus_topic topic, const char *group,
                                 const struct bus_consumer_ops *ops, void *owner)
{
    struct bus_consumer *c = xalloc(sizeof *c);

    c->bus = bus;
    c->ops = ops;
    c->owner = owner;
    c->timer = loop_timer_new(bus->loop, on_deadline, c);
    lock(c);
    ASSERT((bus->topics & 1U << topic) == 0);
    c->group = group_find(bus->hub, topic, slice_str(group));
    c->slots = xalloc((size_t)c->group->count * sizeof *c->slots);
    bus->topics |= 1U << topic;
    list_push(&bus->consumers, &c->node);
    list_push(&c->group->members, &c->seat);
    group_balance(c->group);
    unlock(c);
    return c;
}

void bus_start(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct slot *slot = slot_at(consumer, partition);

    if (slot->state != SLOT_ASSIGNED && slot->state != SLOT_RUNNING)
        return;
    if (offset < 0) {
        lock(consumer);
        offset = consumer->group->shares[partition].committed;
        unlock(consumer);
    }
    if (!slot->watermark)
        slot->watermark = watermark_new(WINDOW_RECORDS);
    watermark_reset(slot->watermark, offset < 0 ? 0 : offset);
    slot->state = SLOT_RUNNING;
    slot->is_moved = false;
    slot->starts++;
    deliver_later(consumer->bus);
}

void bus_finish(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct slot *slot = slot_at(consumer, partition);

    if (slot->state != SLOT_RUNNING && slot->state != SLOT_DRAINING)
        return;
    if (!slot->watermark)
        return;
    bool was_full = watermark_is_full(slot->watermark);
    int64_t before = watermark_lowest(slot->watermark);
    if (!watermark_finish(slot->watermark, offset))
        return;
    if (was_full)
        deliver_later(consumer->bus);
    if (watermark_lowest(slot->watermark) == before)
        return;
    slot->is_moved = consumer->has_moved = true;
    bus_flush_later(consumer->bus);
}

void bus_release(struct bus_consumer *consumer, int32_t partition)
{
    if (slot_at(consumer, partition)->state == SLOT_DRAINING)
        release(consumer, partition);
}

void bus_pause(struct bus_consumer *consumer)
{
    consumer->is_paused = true;
}

void bus_resume(struct bus_consumer *consumer)
{
    if (!consumer->is_paused)
        return;
    consumer->is_paused = false;
    deliver_later(consumer->bus);
}

int64_t bus_end_offset(const struct bus_consumer *consumer, int32_t partition)
{
    struct store_partition *p =
        store_partition(&consumer->bus->hub->store, consumer->group->topic, partition);

    return p ? atomic_load(&p->end_offset) : -1;
}

bool bus_owns(const struct bus_consumer *consumer, int32_t partition)
{
    return slot_at(consumer, partition)->state != SLOT_NONE;
}

void bus_leave(struct bus_consumer *consumer)
{
    struct bus_hub *hub = consumer->bus->hub;

    if (consumer->is_leaving)
        return;
    consumer->is_leaving = true;
    consumer->left_until_ms =
        loop_now_ms(consumer->bus->loop) + (uint64_t)hub->drain_ms + LEAVE_LIMIT_MS;
    lock(consumer);
    hub->leaving++;
    push_marks(consumer);
    list_remove(&consumer->group->members, &consumer->seat);
    group_balance(consumer->group);
    unlock(consumer);
    arm_timer(consumer);
    loop_post_ring(consumer->bus->bell);
}

static void drop(struct bus_consumer *c)
{
    push_marks(c);
    if (!c->is_leaving) {
        list_remove(&c->group->members, &c->seat);
        group_balance(c->group);
    }
    for (int32_t i = 0; i < c->group->count; i++) {
        if (c->group->shares[i].owner == c)
            give_up(c, i);
    }
    unlink_consumer(c);
}

void consumer_drop_all(struct bus *bus)
{
    struct list_node *node;

    while ((node = list_first(&bus->consumers)) != NULL) {
        struct bus_consumer *c = LIST_OWNER(node, struct bus_consumer, node);
        lock(c);
        drop(c);
        unlock(c);
        consumer_free(c);
    }
}
