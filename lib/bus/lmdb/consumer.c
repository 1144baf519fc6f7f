/* SPDX-License-Identifier: Apache-2.0
 * Consuming a topic as a work queue: the calls of bus.h. */
#include "bus/lmdb/consumer.h"

#include "base/assert.h"
#include "base/xalloc.h"

#define WINDOW_RECORDS 4096 /* in hand per partition */

struct bus_consumer *bus_consume(struct bus *bus, enum bus_topic topic, const char *group,
                                 const struct bus_consumer_ops *ops, void *owner)
{
    struct bus_consumer *c = xalloc(sizeof *c);

    c->bus = bus;
    c->ops = ops;
    c->owner = owner;
    c->timer = loop_timer_new(bus->loop, consumer_on_deadline, c);
    consumer_lock(c);
    ASSERT((bus->topics & 1U << topic) == 0);
    c->group = group_find(bus->hub, topic, slice_str(group));
    c->slots = xalloc((size_t)c->group->count * sizeof *c->slots);
    bus->topics |= 1U << topic;
    list_push(&bus->consumers, &c->node);
    list_push(&c->group->members, &c->seat);
    group_balance(c->group);
    consumer_unlock(c);
    return c;
}

bool bus_has_joined(const struct bus_consumer *consumer)
{
    return consumer->has_joined;
}

void bus_start(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct consumer_slot *slot = consumer_slot(consumer, partition);

    if (slot->state != SLOT_ASSIGNED && slot->state != SLOT_RUNNING)
        return;
    if (offset < 0) {
        consumer_lock(consumer);
        offset = consumer->group->shares[partition].committed;
        consumer_unlock(consumer);
    }
    if (!slot->watermark)
        slot->watermark = watermark_new(WINDOW_RECORDS);
    watermark_reset(slot->watermark, offset < 0 ? 0 : offset);
    slot->state = SLOT_RUNNING;
    slot->is_moved = false;
    slot->starts++;
    delivery_later(consumer->bus);
}

void bus_finish(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct consumer_slot *slot = consumer_slot(consumer, partition);

    if (slot->state != SLOT_RUNNING && slot->state != SLOT_DRAINING)
        return;
    if (!slot->watermark)
        return;
    bool was_full = watermark_is_full(slot->watermark);
    int64_t before = watermark_lowest(slot->watermark);
    if (!watermark_finish(slot->watermark, offset))
        return;
    if (was_full)
        delivery_later(consumer->bus);
    if (watermark_lowest(slot->watermark) == before)
        return;
    slot->is_moved = consumer->has_moved = true;
    publish_flush_later(consumer->bus);
}

void bus_release(struct bus_consumer *consumer, int32_t partition)
{
    if (consumer_slot(consumer, partition)->state == SLOT_DRAINING)
        consumer_release(consumer, partition);
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
    delivery_later(consumer->bus);
}

int64_t bus_end_offset(const struct bus_consumer *consumer, int32_t partition)
{
    struct store_partition *p =
        store_partition(&consumer->bus->hub->store, consumer->group->topic, partition);

    return p ? atomic_load(&p->end_offset) : -1;
}

bool bus_owns(const struct bus_consumer *consumer, int32_t partition)
{
    return consumer_slot(consumer, partition)->state != SLOT_NONE;
}

void bus_leave(struct bus_consumer *consumer, int64_t limit_ms)
{
    struct bus_hub *hub = consumer->bus->hub;

    if (consumer->is_leaving)
        return;
    consumer->is_leaving = true;
    consumer->leave_limit_ms = limit_ms;
    consumer->left_until_ms =
        loop_now_ms(consumer->bus->loop) + (uint64_t)limit_ms + BUS_LEAVING_MS;
    consumer_lock(consumer);
    hub->leaving++;
    consumer_push_moved(consumer);
    list_remove(&consumer->group->members, &consumer->seat);
    group_balance(consumer->group);
    consumer_unlock(consumer);
    consumer_arm(consumer);
    loop_post_ring(consumer->bus->bell);
}

static void drop(struct bus_consumer *c)
{
    consumer_push_moved(c);
    if (!c->is_leaving) {
        list_remove(&c->group->members, &c->seat);
        group_balance(c->group);
    }
    for (int32_t i = 0; i < c->group->count; i++) {
        if (c->group->shares[i].owner == c)
            consumer_give_up(c, i);
    }
    consumer_unlink(c);
}

void consumer_drop_all(struct bus *bus)
{
    struct list_node *node;

    while ((node = list_first(&bus->consumers)) != NULL) {
        struct bus_consumer *c = LIST_OWNER(node, struct bus_consumer, node);
        consumer_lock(c);
        drop(c);
        consumer_unlock(c);
        consumer_free(c);
    }
}
