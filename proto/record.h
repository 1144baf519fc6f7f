/* SPDX-License-Identifier: Apache-2.0
 * The records of the log as plain structs, and their encoding (hikyaku.proto says what each member
 * means). Decoding checks every bound: a record that does not pass is poison and goes to `dead`.
 * Slices of a decoded record point into the arena or the value given. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "proto/record_limits.h"
#include "proto/record_route.h"

enum record_body_topic { RECORD_BODY_INLINE_OF_WORK, RECORD_BODY_CHUNKS };

struct record_body {
    enum record_body_topic topic;
    int32_t partition;
    int64_t first_offset, last_offset;
    uint64_t length;
    uint32_t crc32c;
};

struct record_reply {
    uint32_t code, error_class;
    struct slice enhanced, text, stage, mx_host, mx_ip, source_ip, reason, status;
    int64_t at_ms;
};

struct record_rcpt {
    uint32_t index;
    struct slice address;
    uint32_t notify;
    struct slice orcpt;
    bool has_last;
    struct record_reply last;
};

struct record_envelope {
    struct slice mail_id, from, original_from, rewrite_rule, sending_domain, configuration;
    struct slice listener, helo, client_ip, envid, trace, message_id, received_mode;
    uint32_t public_port, ret, hop_count;
    int64_t queued_at_ms;
    uint64_t size_bytes;
    bool is_8bit, is_report;
};

/* A parcel, or with an empty destination a fanout. A fanout with a copy leaves one to be made; a
 * parcel with one is that copy, and its destination is host and port. */
struct record_work {
    struct slice parcel_id, destination;
    struct record_envelope envelope;
    struct record_rcpt *rcpts;
    size_t rcpt_count;
    uint32_t attempt;
    bool has_fence;
    int64_t fence;
    int32_t fence_shard;
    bool has_body_ref;
    struct record_body body_ref; /* when has_body_ref */
    struct slice body;           /* otherwise: the bytes behind the header */
    uint32_t body_crc32c;
    struct record_copy copy;
};

/* Nobody is told what becomes of a copy, and nobody waits for it. */
bool record_is_copy(const struct record_work *work);

struct record_timer {
    int64_t due_ms;
    struct slice reason;
    struct record_work work;
};

enum record_action { RECORD_FAILED, RECORD_DELAYED, RECORD_RELAYED };

struct record_failure {
    enum record_action action;
    struct slice event_id;
    struct record_work work;
};

struct record_chunk {
    uint32_t sequence, total;
    struct slice bytes;
};

struct record_dead {   /* a record that was given up */
    const char *topic; /* its name */
    int32_t partition;
    int64_t offset;
    const char *reason;    /* a sentence */
    const char *component; /* who gave it up */
};

/* Encoding appends version, length and header to head; the body, where there is one, is published
 * behind it (bus_record.body). */
void record_put_work(struct buf *head, const struct record_work *work);
void record_put_timer(struct buf *head, const struct record_timer *timer);
void record_put_failure(struct buf *head, const struct record_failure *failure);
void record_put_chunk(struct buf *head, const struct record_chunk *chunk);
/* The original record follows as the body. */
void record_put_dead(struct buf *head, const struct record_dead *dead);

/* ERR_INVALID with the reason. Body checksums are not checked here (record_body_is_intact). A work
 * record has at least one recipient; a timer always has a body_ref, a failure may lack it. */
MUST_CHECK int record_get_work(struct arena *arena, struct slice value,
                               struct record_work *ret_work, struct err *err);
MUST_CHECK int record_get_timer(struct arena *arena, struct slice value,
                                struct record_timer *ret_timer, struct err *err);
MUST_CHECK int record_get_failure(struct arena *arena, struct slice value,
                                  struct record_failure *ret_failure, struct err *err);
MUST_CHECK int record_get_chunk(struct arena *arena, struct slice value,
                                struct record_chunk *ret_chunk, struct err *err);

/* The bytes behind the header of a record, without decoding it: a body that a body_ref points to.
 */
MUST_CHECK int record_get_body(struct slice value, struct slice *ret_body, struct err *err);
/* True when these are the bytes that were accepted: length and checksum agree. */
bool record_body_is_intact(struct slice body, uint64_t length, uint32_t crc32c);
