/* SPDX-License-Identifier: Apache-2.0
 * Groups: who consumes which partition, and the marks (everything below is finished). Everything
 * here runs with the hub lock held. A share is only ever given up by its owner, on the owner's
 * loop; balancing just says who should have it. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "bus/lmdb/hub.h"
#include "net/clock.h"

static struct hub_group *group_new(struct bus_hub *hub, enum bus_topic topic, struct slice name)
{
    struct hub_group *group = xalloc(sizeof *group);

    group->topic = topic;
    group->name = xalloc(name.len + 1);
    if (name.len > 0)
        memcpy(group->name, name.at, name.len);
    group->count = hub->store.topics[topic].count;
    group->shares = xalloc((size_t)group->count * sizeof *group->shares);
    for (int32_t i = 0; i < group->count; i++)
        group->shares[i] = (struct hub_share){
            .group = group, .partition = i, .committed = BUS_COMMITTED, .durable = BUS_COMMITTED};
    list_init(&group->members);
    list_push(&hub->groups, &group->node);
    return group;
}

struct hub_group *group_find(struct bus_hub *hub, enum bus_topic topic, struct slice name)
{
    for (struct list_node *node = list_first(&hub->groups); node;
         node = list_next(&hub->groups, node)) {
        struct hub_group *group = LIST_OWNER(node, struct hub_group, node);
        if (group->topic == topic && slice_eq(slice_str(group->name), name))
            return group;
    }
    return group_new(hub, topic, name);
}

void group_free_all(struct bus_hub *hub)
{
    struct list_node *node;

    while ((node = list_shift(&hub->groups)) != NULL) {
        struct hub_group *group = LIST_OWNER(node, struct hub_group, node);
        ASSERT(group->members.count == 0);
        xfree(group->shares);
        xfree(group->name);
        xfree(group);
    }
}

/* Neighbouring partitions to each member, as Kafka's range assignor does. */
static struct bus_consumer *target_of(const struct hub_group *group, int32_t partition)
{
    size_t seat = (size_t)partition * group->members.count / (size_t)group->count;
    struct list_node *node = list_first(&group->members);

    while (node && seat-- > 0)
        node = list_next(&group->members, node);
    return node ? consumer_of_seat(node) : NULL;
}

void group_balance(struct hub_group *group)
{
    for (int32_t i = 0; i < group->count; i++) {
        struct hub_share *share = &group->shares[i];
        share->target = target_of(group, i);
        if (!share->owner)
            share->owner = share->target;
    }
    for (struct list_node *node = list_first(&group->members); node;
         node = list_next(&group->members, node))
        loop_post_ring(consumer_bus(consumer_of_seat(node))->bell);
}

void group_give_up(struct hub_share *share)
{
    share->owner = share->target;
    if (share->owner)
        loop_post_ring(consumer_bus(share->owner)->bell);
}

void group_push_mark(struct bus_hub *hub, struct hub_share *share, int64_t next_offset)
{
    if (share->group->name[0] == '\0' || share->committed == next_offset)
        return;
    share->committed = next_offset;
    hub->marks_pushed++;
    if (list_has(&share->node)) /* waiting already, or in the open transaction: see the writer */
        return;
    if (hub->dirty.count == 0) {
        hub->dirty_due_ms = clock_monotonic_ms() + HUB_MARK_INTERVAL_MS;
        (void)pthread_cond_signal(&hub->work);
    }
    list_push(&hub->dirty, &share->node);
}

int64_t group_floor(const struct bus_hub *hub, enum bus_topic topic, int32_t partition)
{
    int64_t floor = INT64_MAX;

    for (struct list_node *node = list_first(&hub->groups); node;
         node = list_next(&hub->groups, node)) {
        struct hub_group *group = LIST_OWNER(node, struct hub_group, node);
        if (group->topic != topic || group->name[0] == '\0')
            continue;
        int64_t durable = group->shares[partition].durable;
        if (durable < floor)
            floor = durable;
    }
    return floor;
}

void group_mark_name(const struct hub_share *share, struct buf *out)
{
    buf_clear(out);
    buf_addf(out, "%s/%d/%s", bus_topic_row(share->group->topic)->name, (int)share->partition,
             share->group->name);
}

bool group_load_mark(struct bus_hub *hub, struct slice name, int64_t value)
{
    struct slice topic_name = slice_cut(&name, '/');
    struct slice number = slice_cut(&name, '/');
    uint64_t partition;

    for (int topic = 0; topic < BUS_TOPICS; topic++) {
        if (!slice_eq(topic_name, slice_str(bus_topic_row((enum bus_topic)topic)->name)))
            continue;
        int32_t count = hub->store.topics[topic].count;
        if (!slice_to_u64(number, (uint64_t)count - 1, &partition))
            return false;
        struct hub_share *share = &group_find(hub, (enum bus_topic)topic, name)->shares[partition];
        share->committed = share->durable = value;
        return true;
    }
    return false;
}
