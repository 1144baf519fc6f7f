/* SPDX-License-Identifier: Apache-2.0
 * The private types of the fake bus. */
#pragma once

#include "bus/figures.h"
#include "bus/watermark.h"
#include "fakes/bus_fake.h"

struct fake_record {
    struct bus_delivery delivery;
    char bytes[]; /* key, then value */
};

struct fake_partition {
    struct fake_record **records; /* by offset; NULL: expired or compacted away */
    int64_t end_offset;
    size_t room;
};

enum fake_state { FAKE_FREE, FAKE_ASSIGNED, FAKE_RUNNING, FAKE_DRAINING };

/* A partition as one group sees it; state and what follows are its owner's. */
struct fake_share {
    struct bus_consumer *owner, *target;
    enum fake_state state;
    struct watermark *watermark;
    int64_t committed;
    bool is_moved, is_lost;
    unsigned starts;
    uint64_t drain_until_ms;
};

struct fake_group {
    struct list_node node;
    struct bus_hub *hub;
    struct list members;
    enum bus_topic topic;
    char *name;
    int32_t count;
    struct fake_share *shares;
};

struct fake_failure {
    size_t count;
    enum err_kind kind;
    bool is_stored;
};

struct bus_hub {
    struct fake_partition *topics[BUS_TOPICS];
    int32_t partitions[BUS_TOPICS];
    struct fake_failure failures[BUS_TOPICS];
    bool is_overtaken[BUS_TOPICS];
    struct list buses, groups;
    int64_t drain_ms;
    bool is_held, is_gone, has_no_room, fails_fetches;
    void (*on_stored)(void *owner, enum bus_topic topic, const struct bus_delivery *record);
    void *watcher;
};

struct bus_consumer {
    struct list_node node, seat;
    struct bus *bus;
    struct fake_group *group;
    const struct bus_consumer_ops *ops;
    void *owner;
    struct loop_timer *timer;
    bool has_joined, is_paused, is_leaving;
    int64_t leave_limit_ms;
};

struct bus {
    struct list_node node;
    struct bus_hub *hub;
    struct loop *loop;
    struct loop_later turn_end;
    struct list outgoing; /* fake_publication */
    struct list refused;  /* tickets */
    struct list consumers, fetches;
    struct bus_fetch *fetch_now;
    struct bus_stats stats;
    bool is_closing;
};

/* bus_fake.c */
void fake_wake(struct bus *bus);
void fake_wake_all(struct bus_hub *hub);
struct fake_partition *fake_partition(const struct bus_hub *hub, enum bus_topic topic,
                                      int32_t partition);
struct fake_record *fake_record_new(const struct bus_record *record);
/* Takes the record over; its offset. */
int64_t fake_append(struct bus_hub *hub, enum bus_topic topic, struct fake_record *record);

/* bus_fake_publish.c */
void fake_settle(struct bus *bus);     /* stores and acknowledges */
void fake_refuse_all(struct bus *bus); /* everything outstanding, and what comes meanwhile */

/* bus_fake_consume.c */
void fake_consume(struct bus *bus); /* commits, assigns, revokes, delivers */
void fake_drop_consumers(struct bus *bus);
void fake_group_free(struct fake_group *group);

/* bus_fake_fetch.c */
void fake_fetch(struct bus *bus);
void fake_fetch_fail_all(struct bus *bus);
