/* SPDX-License-Identifier: Apache-2.0
 * Queues, turns and slots. */
#include "sender/destination.h"

#include "base/assert.h"
#include "base/xalloc.h"

enum destination_state {
    DESTINATION_IDLE,  /* nothing waits; something is under way (or it is being made) */
    DESTINATION_READY, /* work waits and a slot is free: in the order of turns */
    DESTINATION_FULL,  /* work waits, every slot is taken */
    DESTINATION_STATES
};

struct destination {
    struct map_node node; /* in destinations.by_name */
    enum destination_state state;
    struct list_node state_node;
    struct list queue;
    size_t active;
    char name[];
};

struct destinations {
    struct destination_limits limits;
    struct map by_name;
    struct list states[DESTINATION_STATES];
    size_t active;
};

static struct destination *destination_of(struct list_node *node)
{
    return LIST_OWNER(node, struct destination, state_node);
}

static struct parcel *parcel_of(struct list_node *node)
{
    return node ? LIST_OWNER(node, struct parcel, queue_node) : NULL;
}

struct destinations *destinations_new(const struct destination_limits *limits)
{
    struct destinations *destinations = xalloc(sizeof *destinations);

    destinations->limits = *limits;
    for (size_t i = 0; i < DESTINATION_STATES; i++)
        list_init(&destinations->states[i]);
    return destinations;
}

void destinations_free(struct destinations **destinations)
{
    if (!*destinations)
        return;
    ASSERT((*destinations)->by_name.count == 0);
    map_free(&(*destinations)->by_name);
    xfree(*destinations);
    *destinations = NULL;
}

/* To the end of the new state's list: a destination that had its turn goes behind the others. */
static void destination_set_state(struct destinations *destinations, struct destination *dest,
                                  enum destination_state state)
{
    list_remove(&destinations->states[dest->state], &dest->state_node);
    dest->state = state;
    list_push(&destinations->states[state], &dest->state_node);
}

static enum destination_state state_for(const struct destinations *destinations,
                                        const struct destination *dest)
{
    if (dest->queue.count == 0)
        return DESTINATION_IDLE;
    return dest->active < destinations->limits.per_destination ? DESTINATION_READY
                                                               : DESTINATION_FULL;
}

static void destination_free(struct destinations *destinations, struct destination *dest)
{
    list_remove(&destinations->states[dest->state], &dest->state_node);
    map_remove(&destinations->by_name, &dest->node);
    xfree(dest);
}

/* After a change of queue or slots: the state follows; one without any work is forgotten. */
static void settle(struct destinations *destinations, struct destination *dest)
{
    enum destination_state state = state_for(destinations, dest);

    if (state == DESTINATION_IDLE && dest->active == 0)
        destination_free(destinations, dest);
    else if (state != dest->state)
        destination_set_state(destinations, dest, state);
}

static struct destination *destination_get(struct destinations *destinations, struct slice name)
{
    struct map_node *node = map_get(&destinations->by_name, name);
    struct destination *dest;

    if (node)
        return MAP_OWNER(node, struct destination, node);
    dest = xalloc(sizeof *dest + name.len + 1);
    memcpy(dest->name, name.at, name.len);
    list_init(&dest->queue);
    list_push(&destinations->states[DESTINATION_IDLE], &dest->state_node);
    map_put(&destinations->by_name, &dest->node, slice_of(dest->name, name.len));
    return dest;
}

void destination_queue(struct destinations *destinations, struct parcel *parcel, uint64_t now_ms)
{
    struct destination *dest = destination_get(destinations, parcel->work.destination);

    parcel->destination = dest;
    parcel->queued_ms = now_ms;
    list_push(&dest->queue, &parcel->queue_node);
    settle(destinations, dest);
}

void destination_unqueue(struct destinations *destinations, struct parcel *parcel)
{
    struct destination *dest = parcel->destination;

    parcel->destination = NULL;
    list_remove(&dest->queue, &parcel->queue_node);
    settle(destinations, dest);
}

struct parcel *destination_next(struct destinations *destinations)
{
    struct list *ready = &destinations->states[DESTINATION_READY];
    struct destination *dest;
    struct parcel *parcel;

    if (!ready->count || destinations->active >= destinations->limits.total)
        return NULL;
    dest = destination_of(list_first(ready));
    parcel = parcel_of(list_shift(&dest->queue));
    dest->active++;
    destinations->active++;
    destination_set_state(destinations, dest, state_for(destinations, dest));
    return parcel;
}

struct parcel *destination_following(struct destinations *destinations, struct destination *dest)
{
    struct parcel *parcel;

    if (destinations->active >= destinations->limits.total &&
        destinations->states[DESTINATION_READY].count)
        return NULL;
    parcel = parcel_of(list_shift(&dest->queue));
    if (parcel)
        settle(destinations, dest);
    return parcel;
}

void destination_done(struct destinations *destinations, struct destination *dest)
{
    ASSERT(dest->active > 0);
    dest->active--;
    destinations->active--;
    settle(destinations, dest);
}

size_t destinations_count(const struct destinations *destinations)
{
    return destinations->by_name.count;
}

size_t destination_waiting(const struct destination *dest)
{
    return dest->queue.count;
}

size_t destination_active(const struct destination *dest)
{
    return dest->active;
}

struct parcel *destination_oldest(const struct destination *dest)
{
    return parcel_of(list_first(&dest->queue));
}

struct parcel *destination_newest(const struct destination *dest)
{
    return parcel_of(list_last(&dest->queue));
}

static void visit_state(struct list *list, void (*visit)(void *owner, struct destination *dest),
                        void *owner)
{
    struct list_node *node = list_first(list);

    for (size_t left = list->count; left > 0; left--) {
        struct list_node *next = list_next(list, node);
        visit(owner, destination_of(node));
        node = next;
    }
}

void destinations_visit(struct destinations *destinations,
                        void (*visit)(void *owner, struct destination *dest), void *owner)
{
    visit_state(&destinations->states[DESTINATION_READY], visit, owner);
    visit_state(&destinations->states[DESTINATION_FULL], visit, owner);
}
