/* SPDX-License-Identifier: Apache-2.0
 * The log behind one interface: publish, consume as a work queue, read by reference. Each back end
 * is a folder that implements this header (kafka/, lmdb/) and is chosen when a binary is linked;
 * all pass tests/contract. bus_settings come from the back end's own section of the configuration.
 * What it counts and what waits in it: bus/figures.h.
 *
 * Threads: a hub is opened once per process and may serve several roles; everything else belongs to
 * the loop it was made on, and every callback fires on that loop, never from inside the call that
 * started the work. */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "bus/topic.h"
#include "net/loop.h"

#define BUS_RECORD_MAX_BYTES ((size_t)960 * 1024) /* of one record's value */

struct bus_hub; /* per process: the settings, or the open environment */
struct bus;     /* per role: the producer, the point reader, its consumers */

/* ---- process and role ---- */

/* Back end settings: a flat struct filled in from its conf section (bus/settings.h). */
struct bus_settings;
MUST_CHECK int bus_hub_open(const struct bus_settings *settings, struct bus_hub **ret_hub,
                            struct err *err);
/* Reads again the files that the settings name: secrets, certificates. What has changed is used for
 * connections that begin from now on; no record is lost or told of twice by it. -1: something is
 * wrong with them, and all stays as it was. The hub's thread. */
MUST_CHECK int bus_hub_renew(struct bus_hub *hub, struct err *err);
/* All struct bus of the hub were freed. NULL accepted, NULL set. */
void bus_hub_close(struct bus_hub **hub);

enum bus_pace {
    BUS_PROMPT,    /* somebody waits for each acknowledgement: the least delay */
    BUS_GATHERING, /* nobody does: records gather for some ms and travel together */
};

/* Never waits for a broker: see bus_is_ready. name: of the role, for client ids. */
MUST_CHECK int bus_new(struct bus_hub *hub, struct loop *loop, const char *name, enum bus_pace pace,
                       struct bus **ret_bus, struct err *err);
/* Consumers have been left (bus_leave); outstanding tickets and fetches fire with ok false before
 * it returns... no callback fires after it. May take up to 5 s. NULL accepted, NULL set. */
void bus_free(struct bus **bus);

/* True once the partitions of every topic are known and records can be published now. It says why
 * not: *ret_why is a sentence of static or bus lifetime. */
bool bus_is_ready(const struct bus *bus, const char **ret_why);
/* False when new mail must be refused: disk or map over 90 %, producer queue over its mark.
 * Publishing what is already inside (outcomes, timers) still works then. */
bool bus_has_room(const struct bus *bus);
/* Partitions of a topic; 0 while not yet known. */
int32_t bus_partitions(const struct bus *bus, enum bus_topic topic);
/* hash_bytes(key) mod partitions; only when bus_is_ready. */
int32_t bus_partition_of(const struct bus *bus, enum bus_topic topic, struct slice key);

#define BUS_MOMENT_MS 200

/* For records that may lie anywhere (events): one partition for a moment, so that what comes
 * together is stored together. */
static inline int32_t bus_partition_of_moment(const struct bus *bus, enum bus_topic topic,
                                              uint64_t now_ms)
{
    int32_t partitions = bus_partitions(bus, topic);
    return partitions > 0 ? (int32_t)(now_ms / BUS_MOMENT_MS % (uint64_t)partitions) : 0;
}

/* ---- publish ---- */

struct bus_record {
    enum bus_topic topic;
    int32_t partition;
    struct slice key;
    /* The value, gathered from up to two pieces (header, body) without an intermediate copy.
     * is_tombstone: no value at all (compacted topics); both pieces empty. */
    struct slice head, body;
    bool is_tombstone;
};

struct bus_ack {
    bool ok;              /* durable: replicated, or fsynced */
    int64_t offset;       /* when ok */
    enum err_kind kind;   /* when not ok: ERR_RETRY, ERR_LIMIT (no room), ERR_INVALID (too large) */
    bool maybe_persisted; /* when not ok: it may have been stored all the same */
    const char *detail;   /* a sentence, valid during the call; never NULL */
};

/* Embedded in the publisher's object, zero-initialised; alive until on_acked, which fires exactly
 * once. It has no time limit of its own below the back end's (Kafka: message_timeout_ms). */
struct bus_ticket {
    void (*on_acked)(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack);
    void *owner;
    struct list_node node; /* the back end's, from here on */
    int32_t partition;
    struct bus *bus;
    struct bus_ack failure; /* an immediate failure, waiting for the end of the turn */
};

/* Copies the bytes before it returns. Records of one partition become durable in the order of the
 * calls on one bus. */
void bus_publish(struct bus *bus, const struct bus_record *record, struct bus_ticket *ticket);

/* ---- consume as a work queue ---- */

struct bus_consumer;

struct bus_delivery { /* valid during on_record only */
    int32_t partition;
    int64_t offset;
    int64_t stored_at_ms; /* wall clock of the log, 0: unknown */
    struct slice key;
    struct slice value;
    bool is_tombstone;
};

#define BUS_COMMITTED                                                                              \
    ((int64_t)-1) /* start at the committed watermark, or 0 when there is none                     \
                   */

struct bus_consumer_ops {
    /* This consumer owns the partition now. Nothing is delivered before bus_start. */
    void (*on_assigned)(void *owner, int32_t partition);
    /* Ownership ends. is_lost: somebody else may own it already; outcomes cannot be committed.
     * Otherwise stop starting work and call bus_release when what is in flight has ended (at most
     * the drain time of the settings, then it is taken away: on_revoked again with is_lost).
     * Nothing of that partition is delivered any more. */
    void (*on_revoked)(void *owner, int32_t partition, bool is_lost);
    /* Records of one partition come in order of offset. Must lead to one bus_finish each. */
    void (*on_record)(void *owner, const struct bus_delivery *delivery);
    /* The watermark of a partition was committed: everything below next_offset is finished for
     * ever. May be NULL. */
    void (*on_committed)(void *owner, int32_t partition, int64_t next_offset);
    /* After bus_leave: the consumer is gone. */
    void (*on_left)(void *owner);
};

/* group: "" consumes without committing (the role keeps its offsets elsewhere) but still shares
 * partitions under the topic's own group name. One consumer per bus and topic. */
struct bus_consumer *bus_consume(struct bus *bus, enum bus_topic topic, const char *group,
                                 const struct bus_consumer_ops *ops, void *owner);
/* The group has answered this consumer at least once: with partitions, or with none. */
bool bus_has_joined(const struct bus_consumer *consumer);
/* Begins, or begins again, delivery of an assigned partition at that offset (BUS_COMMITTED, or an
 * absolute one). Starting again forgets what was delivered and not finished. */
void bus_start(struct bus_consumer *consumer, int32_t partition, int64_t offset);
/* In any order. The watermark (lowest unfinished offset) is committed within 200 ms. Ignored for
 * partitions that are not owned any more. */
void bus_finish(struct bus_consumer *consumer, int32_t partition, int64_t offset);
void bus_release(struct bus_consumer *consumer, int32_t partition);
/* Back-pressure for the whole consumer: no on_record while paused (one turn's rest excepted).
 * Cheap; may be called often. */
void bus_pause(struct bus_consumer *consumer);
void bus_resume(struct bus_consumer *consumer);
/* One past the newest offset of an assigned partition, -1: unknown. */
int64_t bus_end_offset(const struct bus_consumer *consumer, int32_t partition);
/* True while this process surely owns the partition (assigned, and the group heard of us within
 * the session timeout): to be asked just before the final dot. */
bool bus_owns(const struct bus_consumer *consumer, int32_t partition);
/* How long the last commit and leaving the group may take. */
#define BUS_LEAVING_MS ((int64_t)10000)
/* Revokes everything (on_revoked, bus_release), commits, leaves the group, then on_left. limit_ms:
 * how long what is in flight may take, instead of the drain time of the settings, unless the group
 * wants the partitions back meanwhile; BUS_LEAVING_MS come on top. */
void bus_leave(struct bus_consumer *consumer, int64_t limit_ms);

/* ---- read by reference ---- */

struct bus_ref { /* records [first, last] of a partition; others in between are skipped by key */
    enum bus_topic topic;
    int32_t partition;
    int64_t first_offset, last_offset;
    struct slice key; /* only records with this key; empty: all */
};

/* Owned by the caller, zero-initialised but for ref, the callbacks and owner; alive until
 * on_fetched or bus_fetch_cancel. The ref's key must live as long. */
struct bus_fetch {
    struct bus_ref ref;
    /* Each matching record in order of offset; valid during the call. */
    void (*on_piece)(void *owner, struct bus_fetch *fetch, const struct bus_delivery *piece);
    /* Exactly once, last. found false: is_gone, the log begins behind it (retention) or the
     * reference cannot be one; otherwise it is not readable now, or not there (a retry may help).
     */
    void (*on_fetched)(void *owner, struct bus_fetch *fetch, bool found, bool is_gone);
    void *owner;
    struct list_node node; /* the back end's */
    int64_t next_offset;
    bool is_done;
};

/* Coalesced: fetches that come within a few ms are sorted by partition and offset; neighbours come
 * with one read. */
void bus_fetch(struct bus *bus, struct bus_fetch *fetch);
void bus_fetch_cancel(struct bus *bus, struct bus_fetch *fetch);
