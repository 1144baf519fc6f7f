/* SPDX-License-Identifier: Apache-2.0
 * Groups of consumers and their marks. All of it is under the hub lock: the caller holds it. */
#pragma once

#include "base/buf.h"
#include "bus/bus.h"

/* Marks ride along with every commit; alone they wait this long. What was delivered and is not yet
 * marked goes out again after kill -9, and the private Redis with its marks dies as well. */
#define HUB_MARK_INTERVAL_MS 10

struct hub_group;

/* One partition as one group sees it; all hub lock, except that the writer reads `writing` of
 * those it took. */
struct hub_share {
    struct list_node node; /* in hub->dirty or hub->writing */
    struct hub_group *group;
    int32_t partition;
    struct bus_consumer *owner;  /* consumes it now; gives it up by itself only */
    struct bus_consumer *target; /* should consume it */
    int64_t committed;           /* everything below is finished; -1: none */
    int64_t writing, durable;
};

struct hub_group {
    struct list_node node;
    struct list members; /* of consumers, in the order they came */
    struct hub_share *shares;
    int32_t count;
    enum bus_topic topic;
    char *name; /* "": marks are not kept */
};

struct hub_group *group_find(struct bus_hub *hub, enum bus_topic topic, struct slice name);
/* Spreads the partitions over the members and rings everybody. */
void group_balance(struct hub_group *group);
/* The owner's last word on it: the target may begin. */
void group_give_up(struct hub_share *share);
void group_free_all(struct bus_hub *hub);
/* The consumer's mark of a partition moved. */
void group_push_mark(struct bus_hub *hub, struct hub_share *share, int64_t next_offset);
/* Everything below it is finished in every group that keeps marks. */
int64_t group_floor(const struct bus_hub *hub, enum bus_topic topic, int32_t partition);
/* "topic/partition/group", the name of a mark, into out; and back (false: not one of ours). */
void group_mark_name(const struct hub_share *share, struct buf *out);
bool group_load_mark(struct bus_hub *hub, struct slice name, int64_t value);

/* assignment.c */
struct bus *consumer_bus(const struct bus_consumer *consumer);
struct bus_consumer *consumer_of_seat(struct list_node *seat); /* its node in group->members */
