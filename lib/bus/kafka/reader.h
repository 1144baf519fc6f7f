/* SPDX-License-Identifier: Apache-2.0
 * The point reader and its files: fetch.c (gathering, the handle, bus.h calls), round.c (runs of
 * neighbouring fetches, read one round at a time), answers.c (records become pieces).
 *
 * A fetch is in exactly one list: waiting, or its run's. A round reads one run of each partition,
 * all partitions at once. */
#pragma once

#include "fetch.h"

struct client;
struct edge_question;
struct pump;

struct run {
    struct list_node node; /* of reader->runs */
    struct reader *reader;
    enum bus_topic topic;
    int32_t partition;
    struct list fetches; /* by first offset; empty: the run is over */
    int64_t last_offset;
    struct edge_question *begin; /* being asked: the run is out of the partition's range */
    bool is_paused;
};

struct reader {
    struct bus *bus;
    struct client *client; /* NULL until the first round */
    bool is_stale;         /* the handle has old certificates: it goes before the next round */
    rd_kafka_queue_t *queue;
    struct pump *pump;
    struct loop_timer *timer; /* end of gathering, or of the round; 0 ms: something between them */
    struct list waiting;
    struct list runs; /* of the round; no runs: no round */
    struct loop_later settle_later;
    struct bus_fetch *current; /* of the walk over a run; NULL when it was cancelled or ended */
    struct list_node *next;    /* of that walk */
};

static inline struct bus_fetch *fetch_of(struct list_node *node)
{
    return LIST_OWNER(node, struct bus_fetch, node);
}

static inline const char *reader_topic_name(const struct reader *reader, enum bus_topic topic)
{
    return reader->bus->hub->topic_names[topic];
}

/* ---- round.c ---- */
/* Something waits and no round is under way. */
void round_begin(struct reader *reader);
/* The run of the round that reads a partition, or NULL. */
struct run *round_run_of(const struct reader *reader, enum bus_topic topic, int32_t partition);
/* Closes the runs that have become empty, and the round with the last of them. */
void round_settle(struct reader *reader);
/* The same at the end of the turn: from within callbacks. */
void round_settle_later(struct reader *reader);
/* Frees the runs, whose fetches have ended. */
void round_drop(struct reader *reader);
/* rd_kafka_assign; NULL: nothing more to read. */
void round_assign(struct reader *reader, const rd_kafka_topic_partition_list_t *list);

/* ---- answers.c ---- */
/* A record or an error of the handle's. */
void answers_take(struct reader *reader, const rd_kafka_message_t *record);
/* Takes a fetch from a list and ends it. */
void answers_end(struct reader *reader, struct list *list, struct bus_fetch *fetch, bool is_gone);
/* Ends all of a list: not readable now. */
void answers_fail(struct reader *reader, struct list *list);
