/* SPDX-License-Identifier: Apache-2.0
 * A consumer and its files: consumer.c (bus.h calls, tick), membership.c (the handle), assignment.c
 * (partitions come and go), lookup.c (offsets of new partitions), delivery.c (records,
 * back-pressure), commit.c (the watermark reaches the group), backlog.c (what waits behind it).
 *
 * One mechanism moves the fetch position: rd_kafka_assign with the explicit offset of every started
 * partition. It purges what librdkafka had prefetched and is exact where seek is not: a seek that
 * comes before the partition is being fetched is silently lost. */
#pragma once

#include "kafka.h"
#include "part.h"

struct client;
struct edge_question;
struct lookup;
struct pump;

/* Records of one partition in the role's hands; beyond it the partition is paused. */
#define CONSUMER_WIDTH ((size_t)4096)

enum consumer_phase {
    CONSUMER_RUNNING,
    CONSUMER_DRAINING,   /* revoked: waits for bus_release */
    CONSUMER_COMMITTING, /* then for the last commit */
    CONSUMER_CLOSING,    /* leaves the group */
    CONSUMER_CLOSED,     /* no handle: left, or waiting to begin again after a fatal error */
};

struct bus_consumer {
    struct list_node node; /* of bus->consumers */
    struct bus *bus;
    enum bus_topic topic;
    const char *topic_name;
    char *group;
    char *instance_id;        /* "": dynamic membership */
    bool is_committing_group; /* false: the role keeps its offsets elsewhere */
    const struct bus_consumer_ops *ops;
    void *owner;

    enum consumer_phase phase;
    bool has_joined, is_leaving;
    int64_t leave_limit_ms; /* of bus_leave */
    bool is_renewing;       /* leaves to join again with a new handle */
    struct client *client;
    rd_kafka_queue_t *queue;
    struct pump *pump;
    struct part *parts; /* by partition number */
    int32_t part_count;
    struct lookup *lookup; /* being asked */
    struct edge_question *ends;
    uint64_t ends_due_ms; /* see backlog.h */

    bool is_held;   /* bus_pause: do not poll */
    bool is_parked; /* held for long: paused in librdkafka, polling again */
    uint64_t held_since_ms;

    struct loop_timer *tick, *assign_timer; /* the latter coalesces bus_start */
    struct loop_later step_later;
    uint64_t deadline_ms; /* of draining, committing, closing; of reopening when closed */

    bool is_commit_sent;
    bool is_commit_failed;             /* the last one of this assignment */
    uint64_t commit_sent_ms, proof_ms; /* proof: the group surely had us then */
};

/* ---- consumer.c ---- */
/* The part of a partition number; NULL when there is none. */
struct part *consumer_part(const struct bus_consumer *consumer, int32_t partition);

/* ---- membership.c ---- */
/* Makes a handle and subscribes; phase running, or closed until deadline_ms. */
void membership_open(struct bus_consumer *consumer);
/* Serves whatever the handle has to say. */
void membership_poll(void *owner);
/* Begins to leave the group: phase closing. */
void membership_close(struct bus_consumer *consumer);
bool membership_is_closed(const struct bus_consumer *consumer);
/* Leaves the group as ever (on_revoked, bus_release, last commit) and joins it with a new handle.
 */
void membership_renew(struct bus_consumer *consumer);
/* The handle is closed: a new one, for membership_renew. */
void membership_reopen(struct bus_consumer *consumer);
/* Frees the consumer and calls on_left. */
void membership_finish(struct bus_consumer *consumer);

/* ---- delivery.c ---- */
/* Polls and delivers, a batch at most. False: the handle has failed for good. */
bool delivery_poll(struct bus_consumer *consumer);
/* Deliver from position, as soon as the assignment has it. */
void delivery_restart(struct bus_consumer *consumer, struct part *part, int64_t position);
/* Held for a short while: what is prefetched stays where it is. */
bool delivery_is_waiting(const struct bus_consumer *consumer);
/* Held for long: paused in librdkafka, so that polling can go on. */
void delivery_set_parked(struct bus_consumer *consumer, bool is_parked);
/* Aligns librdkafka's pause with what we want for that partition. */
void delivery_set_flow(struct bus_consumer *consumer, int32_t partition);

/* ---- assignment.c ---- */
void assignment_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t error,
                             rd_kafka_topic_partition_list_t *partitions, void *owner);
/* Three lists of the partitions in PART_LOOKUP; anchors are for those that were reset. */
void assignment_on_looked_up(struct bus_consumer *consumer,
                             const rd_kafka_topic_partition_list_t *committed,
                             const rd_kafka_topic_partition_list_t *ends,
                             const rd_kafka_topic_partition_list_t *anchors);
/* The log does not hold the position: the owner loses the partition and is assigned it anew, at the
 * first record that can be new to it. */
void assignment_on_reset(struct bus_consumer *consumer, int32_t partition);
/* assign_timer: gives librdkafka every started partition with its position. */
void assignment_apply(void *owner);
/* The next step of a revocation or of leaving, when its condition holds. */
void assignment_step(void *owner);
void assignment_step_later(struct bus_consumer *consumer);
/* Takes everything away at once (fatal error, lost membership). */
void assignment_lose(struct bus_consumer *consumer);
/* As if all was revoked; limit_ms: as of bus_leave. */
void assignment_leave(struct bus_consumer *consumer, int64_t limit_ms);
