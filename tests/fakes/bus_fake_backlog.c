/* SPDX-License-Identifier: Apache-2.0
 * The fake's backlog of what is consumed. */
#include "fakes/bus_fake_internal.h"

static void measure(const struct bus_consumer *c, struct bus_backlog *backlog)
{
    const struct fake_share *share = &c->group->shares[backlog->partition];
    const struct fake_partition *p =
        fake_partition(c->group->hub, c->group->topic, backlog->partition);

    if (share->owner != c || !share->watermark)
        return;
    int64_t offset = watermark_lowest(share->watermark);
    backlog->records = p->end_offset - offset;
    while (offset < p->end_offset && !p->records[offset])
        offset++;
    if (offset < p->end_offset)
        backlog->oldest_at_ms = p->records[offset]->delivery.stored_at_ms;
}

void bus_each_backlog(struct bus *bus,
                      void (*on_backlog)(void *owner, const struct bus_backlog *backlog),
                      void *owner)
{
    for (struct list_node *node = list_first(&bus->consumers); node;
         node = list_next(&bus->consumers, node)) {
        const struct bus_consumer *c = LIST_OWNER(node, struct bus_consumer, node);
        for (int32_t i = 0; i < c->group->count; i++) {
            struct bus_backlog backlog = {.topic = c->group->topic, .partition = i};
            measure(c, &backlog);
            on_backlog(owner, &backlog);
        }
    }
}
