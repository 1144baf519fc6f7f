/* SPDX-License-Identifier: Apache-2.0
 * The private types of bus_lmdb. One hub serves the role threads and owns the writer thread; this
 * is the only place in the program with locks. hub->lock guards what is marked "hub lock"; a
 * transaction is never waited for and a callback never fires while it is held.
 *
 * The way of a record: bus_publish gathers it into a publication on its bus (outgoing) -> at the
 * end of the loop turn all go to the hub's queue -> the writer takes the whole queue as one batch,
 * one transaction, one sync -> they come back on their bus's `settled` list, the bus's bell is
 * rung, and the tickets are acknowledged in order on its loop. */
#pragma once

#include <pthread.h>

#include "bus/bus.h"
#include "bus/figures.h"
#include "bus/lmdb/group.h"
#include "bus/lmdb/room.h"
#include "bus/lmdb/store.h"

/* One record on its way, with its key and value behind it. */
struct hub_publication {
    struct list_node node;
    struct bus *bus; /* hub lock; NULL: the publisher is gone */
    struct bus_ticket *ticket;
    struct bus_ack ack;
    uint64_t published_us;
    struct store_record record;
    char bytes[];
};

struct bus_hub {
    struct store store;
    struct room room;
    int64_t expire_after_ms[BUS_TOPICS]; /* 0: never by age */
    int64_t drain_ms;
    pthread_t writer;
    pthread_mutex_t lock;
    pthread_cond_t work; /* the writer waits here */
    /* hub lock: */
    struct list queue, batch;          /* publications: waiting; in the open transaction */
    uint64_t queue_due_ms;             /* when the queue is taken, if it is not empty */
    struct list dirty, writing;        /* shares whose mark moved; those in the open transaction */
    uint64_t dirty_due_ms;             /* when they are written even if nothing else is */
    uint64_t marks_pushed, marks_kept; /* counts pushes; how many of them are durable */
    unsigned leaving;                  /* consumers that wait for their last marks */
    struct list buses, groups;
    bool is_ending;
    _Atomic(const char *) broken; /* a sentence once the environment is unusable */
};

struct bus {
    struct list_node node; /* in hub->buses */
    struct bus_hub *hub;
    struct loop *loop;
    struct loop_post *bell;
    struct loop_later flush, delivery, fetching;
    bool is_gathering;    /* nobody waits for its acknowledgements */
    struct list outgoing; /* publications of this turn */
    bool is_urgent;       /* somebody waits for one of them */
    struct list refused;  /* tickets that failed at once */
    struct list settled;  /* hub lock: publications */
    bool is_ringing;      /* hub lock, the writer's */
    unsigned topics;      /* hub lock: bit set of the topics consumed */
    struct list consumers;
    struct list fetches;
    struct bus_fetch *fetch_now; /* whose callback is on the stack; NULL once cancelled */
    MDB_txn *reader;             /* reset between uses */
    struct bus_stats stats;
    bool is_closing;
};

/* writer.c: the thread's main function; arg is the hub. */
void *writer_main(void *arg);

/* retention.c: deletes at most `limit` expired records inside the writer's transaction. */
int retention_step(struct bus_hub *hub, MDB_txn *txn, size_t limit, size_t *ret_deleted);

/* consumer.c, on the bus's loop. */
void consumer_sync_all(struct bus *bus);   /* what the group says, after a ring */
void consumer_push_marks(struct bus *bus); /* hub lock held */
void consumer_drop_all(struct bus *bus);   /* without callbacks: the bus is going */

/* publish.c: the settled publications; and when the bus goes, whatever is outstanding. */
void publish_acknowledge(struct bus *bus);
void publish_fail_all(struct bus *bus);

/* fetch.c: found false for all that wait. */
void fetch_fail_all(struct bus *bus);

/* publish.c: what was published and finished goes to the writer at the end of the turn. */
void publish_flush_later(struct bus *bus);
/* bus.c: a read transaction over what is durable now, to be ended soon; NULL: not possible. */
MDB_txn *bus_read_begin(struct bus *bus);
void bus_read_end(struct bus *bus);
