/* SPDX-License-Identifier: Apache-2.0
 * Clean-up: a bounded number of the oldest records in each of the writer's transactions that asks
 * for it. Plain topics lose records by age, but never one that a group has not finished, and never
 * the newest of a partition: it says where the partition ends. Compacted topics lose nothing by
 * age but tombstones, a day old: a live timer is somebody's mail. */
#include "bus/lmdb/hub.h"

#define TOMBSTONE_MS ((int64_t)24 * 3600 * 1000)

struct sweep {
    struct bus_hub *hub;
    MDB_txn *txn;
    int64_t now_ms; /* the store's age */
    size_t left;    /* records that may still go */
};

static int64_t floor_of(struct bus_hub *hub, enum bus_topic topic, int32_t partition)
{
    struct store_partition *p = store_partition(&hub->store, topic, partition);
    int64_t newest = atomic_load(&p->end_offset) - 1;

    (void)pthread_mutex_lock(&hub->lock);
    int64_t floor = group_floor(hub, topic, partition);
    (void)pthread_mutex_unlock(&hub->lock);
    return floor < newest ? floor : newest;
}

static int sweep_records(struct sweep *s, enum bus_topic topic, int32_t partition)
{
    struct store_partition *p = store_partition(&s->hub->store, topic, partition);
    int64_t floor = floor_of(s->hub, topic, partition);
    int64_t oldest_ms = s->now_ms - s->hub->expire_after_ms[topic];
    struct bus_delivery record;
    MDB_cursor *cursor;
    MDB_val key, value;
    int64_t age_ms;
    int rc = mdb_cursor_open(s->txn, p->records, &cursor);

    if (rc != 0)
        return rc;
    while (s->left > 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)) == 0) {
        store_decode(key, value, &record, &age_ms);
        if (record.offset >= floor || age_ms > oldest_ms)
            break;
        if ((rc = mdb_cursor_del(cursor, 0)) != 0)
            break;
        s->left--;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The record of a tombstone, and its key if nothing newer has it. Gone already: 0. */
static int delete_tombstone(struct store_partition *p, MDB_txn *txn, MDB_val offset_key)
{
    struct bus_delivery record;
    MDB_val value, newest;
    int64_t age_ms;
    int rc = mdb_get(txn, p->records, &offset_key, &value);

    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    store_decode(offset_key, value, &record, &age_ms);
    if (record.key.len == 0) /* not a record of ours */
        return mdb_del(txn, p->records, &offset_key, NULL);
    MDB_val key = store_val(record.key.at, record.key.len);
    rc = mdb_get(txn, p->keys, &key, &newest);
    if (rc == 0 && newest.mv_size == offset_key.mv_size &&
        memcmp(newest.mv_data, offset_key.mv_data, newest.mv_size) == 0)
        rc = mdb_del(txn, p->keys, &key, NULL);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    return mdb_del(txn, p->records, &offset_key, NULL);
}

static int sweep_tombstones(struct sweep *s, struct store_partition *p)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(s->txn, p->tombstones, &cursor);

    if (rc != 0)
        return rc;
    while (s->left > 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)) == 0) {
        int64_t offset, age_ms;
        if (key.mv_size != sizeof offset || value.mv_size != sizeof age_ms) {
            rc = MDB_CORRUPTED;
            break;
        }
        memcpy(&offset, key.mv_data, sizeof offset);
        memcpy(&age_ms, value.mv_data, sizeof age_ms);
        if (age_ms > s->now_ms - TOMBSTONE_MS || offset >= atomic_load(&p->end_offset) - 1)
            break;
        MDB_val offset_key = {sizeof offset, &offset}; /* a copy: the page may move below it */
        rc = delete_tombstone(p, s->txn, offset_key);
        if (rc == 0)
            rc = mdb_cursor_del(cursor, 0);
        if (rc != 0)
            break;
        s->left--;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int retention_step(struct bus_hub *hub, MDB_txn *txn, size_t limit, size_t *ret_deleted)
{
    struct sweep sweep = {hub, txn, store_age_ms(&hub->store), limit};
    int rc = 0;

    for (int t = 0; t < BUS_TOPICS; t++) {
        enum bus_topic topic = (enum bus_topic)t;
        struct store_topic *rows = &hub->store.topics[topic];
        for (int32_t i = 0; rc == 0 && i < rows->count; i++)
            rc = rows->is_compacted ? sweep_tombstones(&sweep, &rows->partitions[i])
                                    : sweep_records(&sweep, topic, i);
    }
    *ret_deleted = limit - sweep.left;
    return rc;
}
