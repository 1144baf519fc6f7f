/* SPDX-License-Identifier: Apache-2.0
 * Who owns which partition, seen from one consumer: after a ring it compares the shares with its
 * slots, and the difference becomes on_assigned, on_revoked, on_committed and on_left. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "bus/lmdb/consumer.h"

struct bus *consumer_bus(const struct bus_consumer *consumer)
{
    return consumer->bus;
}

struct bus_consumer *consumer_of_seat(struct list_node *seat)
{
    return LIST_OWNER(seat, struct bus_consumer, seat);
}

struct consumer_slot *consumer_slot(const struct bus_consumer *c, int32_t partition)
{
    ASSERT(partition >= 0 && partition < c->group->count);
    return &c->slots[partition];
}

/* ---- marks ---- */

static void push_mark(struct bus_consumer *c, int32_t partition)
{
    struct consumer_slot *slot = consumer_slot(c, partition);

    if (slot->is_moved)
        group_push_mark(c->bus->hub, &c->group->shares[partition],
                        watermark_lowest(slot->watermark));
    slot->is_moved = false;
}

void consumer_push_moved(struct bus_consumer *c)
{
    for (int32_t i = 0; c->has_moved && i < c->group->count; i++)
        push_mark(c, i);
    c->has_moved = false;
}

void consumer_push_marks(struct bus *bus)
{
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node))
        consumer_push_moved(LIST_OWNER(node, struct bus_consumer, node));
}

/* ---- assigned and revoked ---- */

/* hub lock held. */
void consumer_give_up(struct bus_consumer *c, int32_t partition)
{
    struct consumer_slot *slot = consumer_slot(c, partition);

    push_mark(c, partition);
    c->last_mark = c->bus->hub->marks_pushed;
    group_give_up(&c->group->shares[partition]);
    slot->state = SLOT_NONE;
    watermark_free(&slot->watermark);
}

void consumer_release(struct bus_consumer *c, int32_t partition)
{
    consumer_lock(c);
    consumer_give_up(c, partition);
    consumer_unlock(c);
    loop_post_ring(c->bus->bell);
}

void consumer_arm(struct bus_consumer *c)
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
    struct consumer_slot *slot = consumer_slot(c, partition);
    int64_t limit_ms = c->is_leaving ? c->leave_limit_ms : c->bus->hub->drain_ms;

    slot->state = SLOT_DRAINING;
    slot->drain_until_ms = loop_now_ms(c->bus->loop) + (uint64_t)limit_ms;
    c->bus->stats.rebalances++;
    consumer_arm(c);
    c->ops->on_revoked(c->owner, partition, false);
}

static void report_mark(struct bus_consumer *c, int32_t partition)
{
    struct consumer_slot *slot = consumer_slot(c, partition);

    if (slot->durable == slot->reported)
        return;
    slot->reported = slot->durable;
    if (c->ops->on_committed)
        c->ops->on_committed(c->owner, partition, slot->durable);
}

static void sync_slot(struct bus_consumer *c, int32_t partition)
{
    struct consumer_slot *slot = consumer_slot(c, partition);

    if (!slot->is_owner)
        return;
    if (slot->state == SLOT_NONE && !slot->is_target) {
        consumer_release(c, partition); /* it came and went before we looked */
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
    return c->bus->hub->marks_kept >= c->last_mark || loop_now_ms(c->bus->loop) >= c->left_until_ms;
}

static void look(struct bus_consumer *c)
{
    consumer_lock(c);
    for (int32_t i = 0; i < c->group->count; i++) {
        const struct hub_share *share = &c->group->shares[i];
        c->slots[i].is_owner = share->owner == c;
        c->slots[i].is_target = share->target == c;
        c->slots[i].durable = share->durable;
    }
    consumer_unlock(c);
}

/* Out of all lists; the memory goes. hub lock held. */
void consumer_unlink(struct bus_consumer *c)
{
    if (c->is_leaving)
        c->bus->hub->leaving--;
    c->bus->topics &= ~(1U << c->group->topic);
    list_remove(&c->bus->consumers, &c->node);
}

void consumer_free(struct bus_consumer *c)
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
    c->has_joined = true;
    for (int32_t i = 0; i < c->group->count; i++)
        sync_slot(c, i);
    consumer_lock(c);
    bool is_gone = is_done(c);
    if (is_gone)
        consumer_unlink(c);
    consumer_unlock(c);
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
        delivery_later(bus);
}

void consumer_on_deadline(void *owner)
{
    struct bus_consumer *c = owner;
    uint64_t now = loop_now_ms(c->bus->loop);

    for (int32_t i = 0; i < c->group->count; i++) {
        struct consumer_slot *slot = consumer_slot(c, i);
        if (slot->state != SLOT_DRAINING || slot->drain_until_ms > now)
            continue;
        consumer_release(c, i);
        c->ops->on_revoked(c->owner, i, true);
    }
    consumer_arm(c);
    loop_post_ring(c->bus->bell);
}
