/* SPDX-License-Identifier: Apache-2.0
 * The figures of a bus (bus/bus.h) for metrics: what it did since start, what waits to be consumed.
 * Every back end has them. Counted where things happen anyway: asking for them costs no round trip
 * and no lock that work waits for. */
#pragma once

#include "base/durations.h"
#include "bus/topic.h"

struct bus;

#define BUS_CODES_MAX     16
#define BUS_BROKERS_MAX   32
#define BUS_BROKER_LENGTH 64

struct bus_errors {   /* with one code; the last code there is room for stands for all others */
    const char *code; /* static; NULL: no more */
    uint64_t count;
};

struct bus_broker {
    char name[BUS_BROKER_LENGTH]; /* "host:port", cut; "": no more */
    uint64_t rtt_us;              /* the last round trip, its answer included */
};

struct bus_stats {
    uint64_t published[BUS_TOPICS], publish_failed[BUS_TOPICS], consumed[BUS_TOPICS];
    struct durations acks[BUS_TOPICS];   /* publish to acknowledgement, of what was published */
    int64_t retention_ms[BUS_TOPICS];    /* records are kept so long; 0: for ever, or not known */
    uint64_t queue_records, queue_bytes; /* waiting for acknowledgement now */
    uint64_t rebalances;                 /* changes of assignments */
    struct bus_errors errors[BUS_CODES_MAX];
    uint64_t resets; /* kafka: a partition's log no longer held the consumer's place */
    struct bus_broker brokers[BUS_BROKERS_MAX]; /* kafka: those that were asked something */
    uint64_t stored_bytes, room_bytes;          /* lmdb: used and map size; kafka: 0 */
};
void bus_stats(const struct bus *bus, struct bus_stats *ret_stats);

struct bus_backlog { /* of one partition, as its owner sees it */
    enum bus_topic topic;
    int32_t partition;
    int64_t records;      /* published and not finished; of a compacted topic: at most */
    int64_t oldest_at_ms; /* wall clock, when the oldest of them was stored; 0: there is none */
};
/* Tells of each partition that a consumer of this bus owns and has started, from what is known
 * without asking anybody; with no records of one that it does not own any more. on_backlog must not
 * call the bus. */
void bus_each_backlog(struct bus *bus,
                      void (*on_backlog)(void *owner, const struct bus_backlog *backlog),
                      void *owner);
