/* SPDX-License-Identifier: Apache-2.0
 * struct sender: what one sender role owns; everything hangs off it. Made and ended by sender.c,
 * used by the files of the path (dispatch, fanout, delivery, outcome, park). Parts that can stand
 * alone (route, pool, destination, verdict, marks, flight, publisher) do not know it. */
#pragma once

#include "bus/bus.h"
#include "profile/configuration.h"
#include "proto/delays.h"
#include "proto/settings.h"
#include "redis/redis.h"
#include "sender/dest_group.h"
#include "sender/settings.h"
#include "service/service.h"

struct sender_cells { /* series of the hot path */
    struct metric_cell *delivered[DEST_GROUPS_MAX][1 + SOURCE_POOLS_MAX]; /* NULL: none so far */
    struct metric_cell *stale_recent, *reused, *fresh;
    struct metric_cell *stages[DELAYS];
    struct metric_cell *in_system_delivered, *reply_delivered, *event_delivered;
    struct metric_cell *attempt_number;
};

struct sender {
    struct service_env *env;
    struct loop *loop;
    const struct sender_settings *settings;
    const struct work_settings *work;
    struct configurations *configurations; /* replaced when the file is read again */
    int64_t time_scale;                    /* of the retry schedule */
    struct sender_cells cells;

    struct bus *bus;
    struct bus_consumer *consumer;
    struct redis *redis;
    struct resolver *resolver;
    struct tls *tls; /* NULL: never */

    struct publisher *publisher;
    struct marks *marks;
    struct flight *flight;
    struct dest_groups *groups;
    struct sources *sources;
    struct router *router;
    struct pool *pool;
    struct destinations *destinations;
    struct bodies *bodies;

    struct partition **partitions; /* by number; NULL where never assigned */
    size_t partition_count;
    struct list unowned;  /* parcels that may not be sent while ownership is in doubt */
    struct list rechecks; /* parcels whose reason to be held has ended */
    struct loop_later recheck;

    struct loop_timer *tick; /* every second */
    struct loop_later pump;  /* gives free slots to waiting parcels */
    bool is_paused, is_draining, has_left, is_drained;
    uint64_t goodbye_until_ms;
    size_t parcels;      /* in flight */
    size_t inline_bytes; /* of their records */

    struct arena *spare_arenas[512];
    size_t spare_count;
};
