/* SPDX-License-Identifier: Apache-2.0
 * bus.h in memory, for unit and path tests; link bus_fake instead of bus_lmdb or bus_kafka. One
 * thread, no clock in it but stored_at_ms: what is published in a loop turn is stored and
 * acknowledged, and what is finished is committed, at that turn's end, in order. These hooks make
 * it misbehave, and look inside. */
#pragma once

#include "bus/bus.h"
#include "bus/scan.h"

/* The next `count` records published to the topic fail like that. is_stored: they are stored all
 * the same, and the acknowledgement says maybe_persisted. */
void bus_fake_fail(struct bus_hub *hub, enum bus_topic topic, size_t count, enum err_kind kind,
                   bool is_stored);
/* The next record of the topic is stored behind all that was published in the same turn: its first
 * try was lost, and others overtook it. */
void bus_fake_overtake(struct bus_hub *hub, enum bus_topic topic);
/* While held, nothing that was published is stored or acknowledged. */
void bus_fake_hold(struct bus_hub *hub, bool is_held);
/* The broker is gone: not ready, nothing stored, acknowledged, delivered or fetched until it is
 * back. */
void bus_fake_drop_broker(struct bus_hub *hub, bool is_gone);
/* From now on, or no longer, nothing can be read by reference: a retry may help. */
void bus_fake_fail_fetches(struct bus_hub *hub, bool is_failing);
/* What bus_has_room says. */
void bus_fake_set_room(struct bus_hub *hub, bool has_room);
/* on_revoked with is_lost for the owner at the end of the turn, if there is one; then the
 * partition is assigned anew. */
void bus_fake_lose(struct bus_hub *hub, enum bus_topic topic, int32_t partition);
/* Retention: records below the offset are gone. */
void bus_fake_expire(struct bus_hub *hub, enum bus_topic topic, int32_t partition,
                     int64_t below_offset);

/* Tells of every record in the order in which they are stored, all topics in one sequence. Not to
 * be answered with bus.h. */
void bus_fake_watch(struct bus_hub *hub,
                    void (*on_stored)(void *owner, enum bus_topic topic,
                                      const struct bus_delivery *record),
                    void *owner);
/* Records that are stored now in all partitions of the topic. */
size_t bus_fake_count(const struct bus_hub *hub, enum bus_topic topic);
/* The index-th of them, by partition and offset; false: there are fewer. Valid until the record
 * goes. */
bool bus_fake_record(const struct bus_hub *hub, enum bus_topic topic, size_t index,
                     struct bus_delivery *ret_record);
/* A scan of what is stored, and will be, while the hub lives. Out of reach while the broker is
 * dropped. */
struct scan *bus_fake_scan(struct bus_hub *hub, const enum bus_topic *topics, size_t count);
/* The committed watermark of a group, BUS_COMMITTED: none. */
int64_t bus_fake_committed(const struct bus_hub *hub, enum bus_topic topic, const char *group,
                           int32_t partition);
