/* SPDX-License-Identifier: Apache-2.0
 * The LMDB environment as a set of partitions. Each partition is a named database of its own,
 * "work/3": keyed by offset as a native integer, it only ever grows at its end, so that every put
 * is an MDB_APPEND and every page is filled. A compacted partition has two more: "timer/3/keys"
 * (record key -> offset of its newest record) and "timer/3/tombstones" (offset -> age), so that
 * clean-up never searches.
 *
 * The functions that work inside a transaction return 0 or an LMDB code (or errno): the writer
 * decides on it and aborts the transaction. The caller is the writer thread wherever the
 * transaction writes; reading is done on any thread. */
#pragma once

#include <lmdb.h>
#include <stdatomic.h>

#include "bus/bus.h"
#include "bus/settings.h"

#define STORE_KEY_MAX_BYTES ((size_t)480) /* LMDB's own bound is 511 */
#define STORE_FILE_MODE     0600
/* NOTLS: a read transaction belongs to a role, not to a thread. NORDAHEAD: old bodies are read at
 * random. Durability is LMDB's default: every commit is synced. */
#define STORE_ENV_FLAGS (MDB_NOTLS | MDB_NORDAHEAD)

struct store_partition {
    MDB_dbi records;
    MDB_dbi keys, tombstones;   /* of compacted topics only */
    int64_t next_offset;        /* the writer's: as the open transaction sees it */
    _Atomic int64_t end_offset; /* durable: one past the newest record */
};

struct store_topic {
    struct store_partition *partitions;
    int32_t count;
    bool is_compacted;
};

struct store {
    MDB_env *env;
    MDB_dbi meta, marks;
    int lock_fd; /* one process per directory */
    char *directory;
    int64_t start_age_ms;
    uint64_t opened_at_ms;
    struct store_topic topics[BUS_TOPICS];
};

struct store_record {
    enum bus_topic topic;
    int32_t partition;
    struct slice key, value;
    bool is_tombstone;
    int64_t stored_at_ms, age_ms;
};

/* What precedes key and value in the database. */
struct store_header {
    int64_t stored_at_ms; /* wall clock, for people */
    int64_t age_ms;       /* the store's own clock, for clean-up */
    uint32_t key_bytes;
    uint32_t is_tombstone;
};

/* LMDB's type is not const; a key is never written through. */
static inline MDB_val store_val(const void *at, size_t size)
{
    union {
        const void *in;
        void *out;
    } pun = {.in = at};

    return (MDB_val){size, pun.out};
}

/* Creates the directory (not its parents) and what is missing in it; refuses a directory that
 * another process has open. A partition count never shrinks, and that of a compacted topic never
 * changes: what is stored wins over the settings. reserve_bytes: beyond map_bytes, for marks and
 * clean-up when the map is full. */
MUST_CHECK int store_open(struct store *store, const struct bus_settings *settings,
                          int64_t reserve_bytes, struct err *err);
/* Also of a store that failed to open half way; a zeroed one is accepted. */
void store_close(struct store *store);

/* Not yet open; closed by the caller unless it is NULL, also after a failure. */
int store_create_environment(MDB_env **ret_env);
/* As it is stored; *value stays when it is not yet. */
int store_partition_count(MDB_txn *txn, MDB_dbi meta, enum bus_topic topic, int64_t *value);

/* Ms the store has been open in all its life. Clean-up counts in it: neither an outage of a week
 * nor a wrong clock expires anything. */
int64_t store_age_ms(const struct store *store);
/* Keeps the age over a restart; what was not kept only makes records live longer. */
int store_keep_age(struct store *store, MDB_txn *txn);

/* Appends at next_offset and moves it. In a compacted topic the record with the same key goes. */
int store_append(struct store *store, MDB_txn *txn, const struct store_record *record,
                 int64_t *ret_offset);
/* The partition, or NULL when there is none of that number (it may come from a record). */
struct store_partition *store_partition(struct store *store, enum bus_topic topic,
                                        int32_t partition);
/* The slices point into the map, valid while the transaction is. What is no record of ours comes as
 * it is, without a key: its consumer refuses it. */
void store_decode(MDB_val key, MDB_val value, struct bus_delivery *ret_delivery,
                  int64_t *ret_age_ms);
/* Positions the cursor at the first record at or after offset. */
int store_seek(MDB_cursor *cursor, int64_t offset, MDB_val *ret_key, MDB_val *ret_value);
/* A named number in the marks database. */
int store_put_mark(struct store *store, MDB_txn *txn, struct slice name, int64_t value);
/* Calls on_mark for each. */
int store_each_mark(struct store *store,
                    void (*on_mark)(void *owner, struct slice name, int64_t value), void *owner);
