/* SPDX-License-Identifier: Apache-2.0
 * The fake's point reads: all that wait at the end of a turn, in the order they came. */
#include "fakes/bus_fake_internal.h"

static bool is_there(const struct fake_partition *p, int64_t offset)
{
    return offset >= 0 && offset < p->end_offset && p->records[offset];
}

/* False: cancelled by a callback. */
static bool give_pieces(struct bus *bus, struct bus_fetch *fetch, const struct fake_partition *p)
{
    const struct bus_ref *ref = &fetch->ref;

    for (int64_t offset = ref->first_offset; offset <= ref->last_offset; offset++) {
        const struct fake_record *record = p->records[offset];
        if (!record || (ref->key.len > 0 && !slice_eq(ref->key, record->delivery.key)))
            continue;
        fetch->on_piece(fetch->owner, fetch, &record->delivery);
        if (bus->fetch_now != fetch)
            return false;
    }
    return true;
}

static void fetch_one(struct bus *bus, struct bus_fetch *fetch)
{
    const struct bus_ref *ref = &fetch->ref;
    const struct fake_partition *p = fake_partition(bus->hub, ref->topic, ref->partition);
    bool is_possible = p && ref->first_offset >= 0 && ref->first_offset <= ref->last_offset;
    bool is_failing = bus->hub->fails_fetches || (is_possible && ref->last_offset >= p->end_offset);
    bool is_found = !is_failing && is_possible && is_there(p, ref->first_offset) &&
                    is_there(p, ref->last_offset);

    bus->fetch_now = fetch;
    if (is_found && !give_pieces(bus, fetch, p))
        return;
    bus->fetch_now = NULL;
    fetch->is_done = true;
    fetch->on_fetched(fetch->owner, fetch, is_found, !is_found && !is_failing);
}

void fake_fetch(struct bus *bus)
{
    for (size_t count = bus->fetches.count; count > 0 && !bus->hub->is_gone; count--) {
        struct list_node *node = list_shift(&bus->fetches);
        if (!node) /* cancelled meanwhile */
            return;
        fetch_one(bus, LIST_OWNER(node, struct bus_fetch, node));
    }
}

void fake_fetch_fail_all(struct bus *bus)
{
    struct list_node *node;

    while ((node = list_shift(&bus->fetches)) != NULL) {
        struct bus_fetch *fetch = LIST_OWNER(node, struct bus_fetch, node);
        fetch->is_done = true;
        fetch->on_fetched(fetch->owner, fetch, false, false);
    }
}

void bus_fetch(struct bus *bus, struct bus_fetch *fetch)
{
    fetch->next_offset = fetch->ref.first_offset;
    fetch->is_done = false;
    list_push(&bus->fetches, &fetch->node);
    fake_wake(bus);
}

void bus_fetch_cancel(struct bus *bus, struct bus_fetch *fetch)
{
    if (bus->fetch_now == fetch)
        bus->fetch_now = NULL;
    else if (list_has(&fetch->node))
        list_remove(&bus->fetches, &fetch->node);
}

void bus_fake_fail_fetches(struct bus_hub *hub, bool is_failing)
{
    hub->fails_fetches = is_failing;
}
