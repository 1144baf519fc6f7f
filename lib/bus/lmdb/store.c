/* SPDX-License-Identifier: Apache-2.0
 * Records in and out of the LMDB environment, inside a transaction of the caller's. Opening it is
 * in store_open.c. */
#include "bus/lmdb/store.h"

#include "net/clock.h"

struct store_partition *store_partition(struct store *store, enum bus_topic topic,
                                        int32_t partition)
{
    if ((unsigned)topic >= BUS_TOPICS || partition < 0 || partition >= store->topics[topic].count)
        return NULL;
    return &store->topics[topic].partitions[partition];
}

int64_t store_age_ms(const struct store *store)
{
    return store->start_age_ms + (int64_t)(clock_monotonic_ms() - store->opened_at_ms);
}

static int put_number(MDB_txn *txn, MDB_dbi dbi, MDB_val key, int64_t value)
{
    MDB_val data = {sizeof value, &value};

    return mdb_put(txn, dbi, &key, &data, 0);
}

int store_keep_age(struct store *store, MDB_txn *txn)
{
    return put_number(txn, store->meta, store_val("age_ms", 6), store_age_ms(store));
}

int store_put_mark(struct store *store, MDB_txn *txn, struct slice name, int64_t value)
{
    return put_number(txn, store->marks, store_val(name.at, name.len), value);
}

static int each_mark(MDB_cursor *cursor,
                     void (*on_mark)(void *owner, struct slice name, int64_t value), void *owner)
{
    MDB_val key, data;
    int rc;

    while ((rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
        int64_t value;

        if (data.mv_size != sizeof value)
            return MDB_CORRUPTED;
        memcpy(&value, data.mv_data, sizeof value);
        on_mark(owner, slice_of(key.mv_data, key.mv_size), value);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_each_mark(struct store *store,
                    void (*on_mark)(void *owner, struct slice name, int64_t value), void *owner)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(txn, store->marks, &cursor);
    if (rc == 0) {
        rc = each_mark(cursor, on_mark, owner);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return rc;
}

/* Deletes the record that this key had, and remembers the new offset. */
static int replace_key(struct store_partition *p, MDB_txn *txn, struct slice record_key,
                       int64_t offset)
{
    MDB_val key = store_val(record_key.at, record_key.len), data;
    int rc = mdb_get(txn, p->keys, &key, &data);

    if (rc == 0) {
        int64_t replaced;
        if (data.mv_size != sizeof replaced)
            return MDB_CORRUPTED;
        memcpy(&replaced, data.mv_data, sizeof replaced);
        MDB_val old = {sizeof replaced, &replaced};
        rc = mdb_del(txn, p->records, &old, NULL);
    }
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    return put_number(txn, p->keys, key, offset);
}

static int append_tombstone(struct store_partition *p, MDB_txn *txn, int64_t offset, int64_t age_ms)
{
    MDB_val key = {sizeof offset, &offset}, data = {sizeof age_ms, &age_ms};

    return mdb_put(txn, p->tombstones, &key, &data, MDB_APPEND);
}

/* Straight into the page: LMDB reserves the room, we gather into it. */
static int append_record(struct store_partition *p, MDB_txn *txn, const struct store_record *record)
{
    struct store_header header = {record->stored_at_ms, record->age_ms, (uint32_t)record->key.len,
                                  record->is_tombstone};
    MDB_val key = {sizeof p->next_offset, &p->next_offset};
    MDB_val data = {sizeof header + record->key.len + record->value.len, NULL};
    int rc = mdb_put(txn, p->records, &key, &data, MDB_RESERVE | MDB_APPEND);

    if (rc != 0)
        return rc;
    char *to = data.mv_data;
    memcpy(to, &header, sizeof header);
    to += sizeof header;
    if (record->key.len > 0)
        memcpy(to, record->key.at, record->key.len);
    if (record->value.len > 0)
        memcpy(to + record->key.len, record->value.at, record->value.len);
    return 0;
}

int store_append(struct store *store, MDB_txn *txn, const struct store_record *record,
                 int64_t *ret_offset)
{
    struct store_topic *topic = &store->topics[record->topic];
    struct store_partition *p = &topic->partitions[record->partition];
    int64_t offset = p->next_offset;
    int rc = append_record(p, txn, record);

    if (rc == 0 && topic->is_compacted)
        rc = replace_key(p, txn, record->key, offset);
    if (rc == 0 && record->is_tombstone)
        rc = append_tombstone(p, txn, offset, record->age_ms);
    if (rc != 0)
        return rc;
    p->next_offset++;
    *ret_offset = offset;
    return 0;
}

void store_decode(MDB_val key, MDB_val value, struct bus_delivery *ret_delivery,
                  int64_t *ret_age_ms)
{
    struct store_header header = {0};
    struct slice rest = slice_of(value.mv_data, value.mv_size);

    *ret_delivery = (struct bus_delivery){.offset = -1, .value = rest};
    *ret_age_ms = 0;
    if (key.mv_size == sizeof ret_delivery->offset)
        memcpy(&ret_delivery->offset, key.mv_data, sizeof ret_delivery->offset);
    if (rest.len < sizeof header)
        return;
    memcpy(&header, rest.at, sizeof header);
    rest = slice_skip(rest, sizeof header);
    if (header.key_bytes > rest.len)
        return;
    ret_delivery->stored_at_ms = header.stored_at_ms;
    ret_delivery->is_tombstone = header.is_tombstone != 0;
    ret_delivery->key = slice_sub(rest, 0, header.key_bytes);
    ret_delivery->value = slice_skip(rest, header.key_bytes);
    *ret_age_ms = header.age_ms;
}

int store_seek(MDB_cursor *cursor, int64_t offset, MDB_val *ret_key, MDB_val *ret_value)
{
    *ret_key = (MDB_val){sizeof offset, &offset};
    return mdb_cursor_get(cursor, ret_key, ret_value, MDB_SET_RANGE);
}
