/* SPDX-License-Identifier: Apache-2.0
 * The marks w:{p}: a Redis zset per partition of `work` with the offsets that were dealt with above
 * the committed watermark, so that a restart re-sends nothing that was sent. Members are
 * "<offset>:S:<parcel>" (every recipient accepted; events may be missing), "<offset>:F:<parcel>"
 * (everything is durable) and "<offset>:P:<parcel>:<hex>" (bit i of the hex number: recipient i was
 * accepted). <parcel> is a checksum of the parcel id: a mark of a log that was replaced by a new
 * one must not speak of the mail that has its offset now. Losing marks costs duplicates, never
 * mail: nobody waits for their replies. */
#pragma once

#include "redis/redis.h"

enum mark { MARK_NONE, MARK_PARTIAL, MARK_SENT, MARK_FINISHED };

struct mark_place { /* which record a mark is about */
    int64_t offset;
    struct slice parcel_id;
};

struct marks;

/* What was found on assignment; in order of offset. Zero-initialised is empty. */
struct mark_table {
    struct arena *arena;
    struct mark_entry *entries;
    size_t count, cursor;
};

struct marks_load { /* embedded, zero-initialised; alive until on_loaded */
    struct redis_call call;
    /* is_known false: Redis did not answer. */
    void (*on_loaded)(void *owner, bool is_known);
    void *owner;
    struct mark_table *table;
};

struct marks *marks_new(struct loop *loop, struct redis *redis);
void marks_free(struct marks **marks);

/* Marks of one turn leave as one command per partition at its end. bits: hex, for MARK_PARTIAL. */
void marks_put(struct marks *marks, int32_t partition, const struct mark_place *place,
               enum mark mark, struct slice bits);
/* Drops what is below next_offset. */
void marks_trim(struct marks *marks, int32_t partition, int64_t next_offset);
/* Fills the table; then on_loaded, never from inside. Sees every mark put before. */
void marks_load(struct marks *marks, int32_t partition, struct marks_load *load);

/* The strongest mark of that record; asked in rising order of offsets. */
enum mark mark_table_find(struct mark_table *table, const struct mark_place *place);
/* Right after MARK_PARTIAL was found: recipient i was accepted. */
bool mark_table_has(const struct mark_table *table, const struct mark_place *place, size_t i);
void mark_table_clear(struct mark_table *table);

/* The bits of a partial mark. */
struct slice mark_bits_put(struct arena *arena, const bool *is_set, size_t count);
bool mark_bits_has(struct slice hex, size_t i);
