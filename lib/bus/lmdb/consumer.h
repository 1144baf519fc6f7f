/* SPDX-License-Identifier: Apache-2.0
 * The private types of a consumer, shared by consumer.c (bus.h), assignment.c (what the group says,
 * the marks) and delivery.c (records). Everything runs on the bus's loop; the shares of the group
 * are under the hub lock. */
#pragma once

#include "bus/lmdb/hub.h"
#include "bus/watermark.h"

enum slot_state {
    SLOT_NONE,
    SLOT_ASSIGNED, /* ours, waits for bus_start */
    SLOT_RUNNING,
    SLOT_DRAINING, /* revoked, waits for bus_release */
};

struct consumer_slot {
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
    struct consumer_slot *slots;
    struct loop_timer *timer; /* the next drain or leave deadline */
    int32_t first;            /* the partition that is served first in the next turn */
    bool has_joined, is_paused, has_moved, is_leaving;
    uint64_t last_mark;     /* of hub->marks_pushed, at the last release */
    int64_t leave_limit_ms; /* of bus_leave */
    uint64_t left_until_ms;
};

static inline void consumer_lock(const struct bus_consumer *c)
{
    (void)pthread_mutex_lock(&c->bus->hub->lock);
}

static inline void consumer_unlock(const struct bus_consumer *c)
{
    (void)pthread_mutex_unlock(&c->bus->hub->lock);
}

/* delivery.c: at the end of the turn. */
void delivery_later(struct bus *bus);

/* assignment.c */
struct consumer_slot *consumer_slot(const struct bus_consumer *c, int32_t partition);
/* hub lock held: the marks that moved go to the group. */
void consumer_push_moved(struct bus_consumer *c);
/* hub lock held: no longer ours. */
void consumer_give_up(struct bus_consumer *c, int32_t partition);
/* The same, taking the lock; what follows from it comes with the bell. */
void consumer_release(struct bus_consumer *c, int32_t partition);
/* The timer for the next drain or leave deadline; its callback. */
void consumer_arm(struct bus_consumer *c);
void consumer_on_deadline(void *owner);
/* hub lock held: out of all lists. */
void consumer_unlink(struct bus_consumer *c);
void consumer_free(struct bus_consumer *c);
