/* SPDX-License-Identifier: Apache-2.0
 * The fake's consuming side. A share is given up by its owner only, or lost by a hook; everything
 * fires at the end of a turn. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "fakes/bus_fake_internal.h"

#define WINDOW_RECORDS 4096
#define TURN_RECORDS   64 /* of one partition in one turn */

/* ---- groups ---- */

static struct fake_group *group_find(struct bus_hub *hub, enum bus_topic topic, const char *name)
{
    for (struct list_node *node = list_first(&hub->groups); node;
         node = list_next(&hub->groups, node)) {
        struct fake_group *group = LIST_OWNER(node, struct fake_group, node);
        if (group->topic == topic && slice_eq(slice_str(group->name), slice_str(name)))
            return group;
    }
    struct fake_group *group = xalloc(sizeof *group);
    group->hub = hub;
    group->topic = topic;
    group->name = xstrdup(name);
    group->count = hub->partitions[topic];
    group->shares = xalloc((size_t)group->count * sizeof *group->shares);
    for (int32_t i = 0; i < group->count; i++)
        group->shares[i].committed = BUS_COMMITTED;
    list_init(&group->members);
    list_push(&hub->groups, &group->node);
    return group;
}

void fake_group_free(struct fake_group *group)
{
    xfree(group->shares);
    xfree(group->name);
    xfree(group);
}

static void balance(struct fake_group *group)
{
    for (int32_t i = 0; i < group->count; i++) {
        size_t seat = (size_t)i * group->members.count / (size_t)group->count;
        struct list_node *node = list_first(&group->members);
        while (node && seat-- > 0)
            node = list_next(&group->members, node);
        struct fake_share *share = &group->shares[i];
        share->target = node ? LIST_OWNER(node, struct bus_consumer, seat) : NULL;
        if (!share->owner)
            share->owner = share->target;
    }
    fake_wake_all(group->hub);
}

static void commit(struct bus_consumer *c, int32_t partition)
{
    struct fake_share *share = &c->group->shares[partition];

    if (!share->is_moved)
        return;
    share->is_moved = false;
    if (c->group->name[0] == '\0')
        return;
    share->committed = watermark_lowest(share->watermark);
    if (c->ops->on_committed)
        c->ops->on_committed(c->owner, partition, share->committed);
}

static void give_up(struct bus_consumer *c, int32_t partition)
{
    struct fake_share *share = &c->group->shares[partition];

    watermark_free(&share->watermark);
    share->state = FAKE_FREE;
    share->is_moved = share->is_lost = false;
    share->owner = share->target;
    fake_wake_all(c->group->hub);
}

/* ---- assigned and revoked ---- */

static void arm_timer(struct bus_consumer *c)
{
    uint64_t now = loop_now_ms(c->bus->loop), due = UINT64_MAX;

    for (int32_t i = 0; i < c->group->count; i++) {
        const struct fake_share *share = &c->group->shares[i];
        if (share->owner == c && share->state == FAKE_DRAINING && share->drain_until_ms < due)
            due = share->drain_until_ms;
    }
    if (due != UINT64_MAX)
        loop_timer_start(c->timer, due > now ? due - now : 1);
}

static void take_away(struct bus_consumer *c, int32_t partition)
{
    give_up(c, partition);
    c->ops->on_revoked(c->owner, partition, true);
}

static void on_deadline(void *owner)
{
    struct bus_consumer *c = owner;

    for (int32_t i = 0; i < c->group->count; i++) {
        const struct fake_share *share = &c->group->shares[i];
        if (share->owner == c && share->state == FAKE_DRAINING &&
            share->drain_until_ms <= loop_now_ms(c->bus->loop))
            take_away(c, i);
    }
    arm_timer(c);
}

static void revoke(struct bus_consumer *c, int32_t partition)
{
    struct fake_share *share = &c->group->shares[partition];
    int64_t limit_ms = c->is_leaving ? c->leave_limit_ms : c->group->hub->drain_ms;

    share->state = FAKE_DRAINING;
    share->drain_until_ms = loop_now_ms(c->bus->loop) + (uint64_t)limit_ms;
    arm_timer(c);
    c->ops->on_revoked(c->owner, partition, false);
}

static void sync_share(struct bus_consumer *c, int32_t partition)
{
    struct fake_share *share = &c->group->shares[partition];

    if (share->owner != c)
        return;
    if (share->is_lost) {
        take_away(c, partition);
        return;
    }
    commit(c, partition);
    if (share->state == FAKE_FREE && share->target != c) {
        give_up(c, partition);
    } else if (share->state == FAKE_FREE) {
        share->state = FAKE_ASSIGNED;
        c->bus->stats.rebalances++;
        c->ops->on_assigned(c->owner, partition);
    } else if (share->state != FAKE_DRAINING && share->target != c) {
        revoke(c, partition);
    }
}

/* ---- delivery ---- */

static bool is_deliverable(const struct bus_consumer *c, const struct fake_share *share)
{
    return share->owner == c && share->state == FAKE_RUNNING && !c->is_paused &&
           !watermark_is_full(share->watermark);
}

static void deliver(struct bus_consumer *c, int32_t partition)
{
    struct fake_share *share = &c->group->shares[partition];
    struct fake_partition *p = fake_partition(c->group->hub, c->group->topic, partition);
    unsigned starts = share->starts;

    if (!is_deliverable(c, share))
        return;
    int64_t offset = watermark_next(share->watermark);
    for (size_t left = TURN_RECORDS; offset < p->end_offset && left > 0; offset++) {
        if (!p->records[offset])
            continue;
        left--;
        watermark_take(share->watermark, offset, p->records[offset]->delivery.stored_at_ms);
        c->bus->stats.consumed[c->group->topic]++;
        c->ops->on_record(c->owner, &p->records[offset]->delivery);
        if (share->starts != starts || !is_deliverable(c, share))
            return;
    }
    if (offset < p->end_offset)
        fake_wake(c->bus);
}

static bool is_gone(const struct bus_consumer *c)
{
    for (int32_t i = 0; i < c->group->count; i++) {
        if (c->group->shares[i].owner == c)
            return false;
    }
    return c->is_leaving;
}

static void consumer_free(struct bus_consumer *c)
{
    list_remove(&c->bus->consumers, &c->node);
    loop_timer_free(&c->timer);
    xfree(c);
}

/* May free the consumer. */
static void consume_one(struct bus_consumer *c)
{
    c->has_joined = true;
    for (int32_t i = 0; i < c->group->count; i++) {
        sync_share(c, i);
        deliver(c, i);
    }
    if (!is_gone(c))
        return;
    const struct bus_consumer_ops *ops = c->ops;
    void *owner = c->owner;
    consumer_free(c);
    ops->on_left(owner);
}

void fake_consume(struct bus *bus)
{
    struct list_node *node = bus->hub->is_gone ? NULL : list_first(&bus->consumers);

    while (node) {
        struct list_node *next = list_next(&bus->consumers, node);
        consume_one(LIST_OWNER(node, struct bus_consumer, node));
        node = next;
    }
}

/* ---- bus.h ---- */

struct bus_consumer *bus_consume(struct bus *bus, enum bus_topic topic, const char *group,
                                 const struct bus_consumer_ops *ops, void *owner)
{
    struct bus_consumer *c = xalloc(sizeof *c);

    c->bus = bus;
    c->group = group_find(bus->hub, topic, group);
    c->ops = ops;
    c->owner = owner;
    c->timer = loop_timer_new(bus->loop, on_deadline, c);
    list_push(&bus->consumers, &c->node);
    list_push(&c->group->members, &c->seat);
    balance(c->group);
    return c;
}

bool bus_has_joined(const struct bus_consumer *consumer)
{
    return consumer->has_joined;
}

static struct fake_share *share_of(const struct bus_consumer *c, int32_t partition)
{
    ASSERT(partition >= 0 && partition < c->group->count);
    struct fake_share *share = &c->group->shares[partition];
    return share->owner == c && share->state != FAKE_FREE ? share : NULL;
}

void bus_start(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct fake_share *share = share_of(consumer, partition);

    if (!share || share->state == FAKE_DRAINING)
        return;
    if (!share->watermark)
        share->watermark = watermark_new(WINDOW_RECORDS);
    if (offset < 0)
        offset = share->committed;
    watermark_reset(share->watermark, offset < 0 ? 0 : offset);
    share->state = FAKE_RUNNING;
    share->is_moved = false;
    share->starts++;
    fake_wake(consumer->bus);
}

void bus_finish(struct bus_consumer *consumer, int32_t partition, int64_t offset)
{
    struct fake_share *share = share_of(consumer, partition);

    if (!share || !share->watermark)
        return;
    int64_t before = watermark_lowest(share->watermark);
    if (!watermark_finish(share->watermark, offset))
        return;
    if (watermark_lowest(share->watermark) != before)
        share->is_moved = true;
    fake_wake(consumer->bus);
}

void bus_release(struct bus_consumer *consumer, int32_t partition)
{
    struct fake_share *share = share_of(consumer, partition);

    if (!share || share->state != FAKE_DRAINING)
        return;
    if (share->is_moved && consumer->group->name[0] != '\0')
        share->committed = watermark_lowest(share->watermark);
    give_up(consumer, partition);
}

void bus_pause(struct bus_consumer *consumer)
{
    consumer->is_paused = true;
}

void bus_resume(struct bus_consumer *consumer)
{
    consumer->is_paused = false;
    fake_wake(consumer->bus);
}

int64_t bus_end_offset(const struct bus_consumer *consumer, int32_t partition)
{
    return fake_partition(consumer->group->hub, consumer->group->topic, partition)->end_offset;
}

bool bus_owns(const struct bus_consumer *consumer, int32_t partition)
{
    const struct fake_share *share = share_of(consumer, partition);

    return share && !share->is_lost;
}

void bus_leave(struct bus_consumer *consumer, int64_t limit_ms)
{
    if (consumer->is_leaving)
        return;
    consumer->is_leaving = true;
    consumer->leave_limit_ms = limit_ms;
    list_remove(&consumer->group->members, &consumer->seat);
    balance(consumer->group);
}

void fake_drop_consumers(struct bus *bus)
{
    struct list_node *node;

    while ((node = list_first(&bus->consumers)) != NULL) {
        struct bus_consumer *c = LIST_OWNER(node, struct bus_consumer, node);
        if (!c->is_leaving)
            bus_leave(c, 0);
        for (int32_t i = 0; i < c->group->count; i++) {
            if (c->group->shares[i].owner == c)
                give_up(c, i);
        }
        consumer_free(c);
    }
}
