/* SPDX-License-Identifier: Apache-2.0
 * One read transaction per batch. Always the partition that is furthest behind is read on, a few
 * records at a time: together they come in order of time, nearly. */
#include "bus/lmdb/scan.h"

#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/lmdb/store.h"
#include "bus/scan_parts.h"

#define STEP_RECORDS 50

struct lmdb_scan {
    struct scan scan;
    char *directory;
    bool is_read[BUS_TOPICS];
    MDB_env *env; /* NULL: not yet there */
    MDB_dbi meta;
    struct scan_parts parts;
};

struct batch {
    struct lmdb_scan *scan;
    MDB_txn *txn;
    const struct scan_ops *ops;
    size_t left; /* records */
};

/* ---- the environment ---- */

static int open_environment(struct lmdb_scan *scan)
{
    int rc = store_create_environment(&scan->env);

    if (rc == 0)
        rc =
            mdb_env_open(scan->env, scan->directory, MDB_RDONLY | STORE_ENV_FLAGS, STORE_FILE_MODE);
    if (rc == 0 || !scan->env)
        return rc;
    mdb_env_close(scan->env);
    scan->env = NULL;
    return rc;
}

/* The owner may have raised the ceiling of the file since we opened it. */
static int begin(struct lmdb_scan *scan, MDB_txn **ret_txn)
{
    int rc = scan->env ? 0 : open_environment(scan);

    if (rc == 0)
        rc = mdb_txn_begin(scan->env, NULL, MDB_RDONLY, ret_txn);
    if (rc != MDB_MAP_RESIZED)
        return rc;
    rc = mdb_env_set_mapsize(scan->env, 0);
    return rc == 0 ? mdb_txn_begin(scan->env, NULL, MDB_RDONLY, ret_txn) : rc;
}

/* ---- which partitions there are ---- */

static int add_partition(struct batch *batch, enum bus_topic topic, int32_t partition)
{
    struct buf name = {0};
    MDB_dbi records;

    buf_addf(&name, "%s/%d", bus_topic_row(topic)->name, (int)partition);
    int rc = mdb_dbi_open(batch->txn, buf_str(&name), MDB_INTEGERKEY, &records);
    buf_free(&name);
    if (rc == 0)
        scan_parts_add(&batch->scan->parts, topic, partition)->handle = records;
    return rc;
}

static int look(struct batch *batch)
{
    struct lmdb_scan *scan = batch->scan;
    int rc = scan->meta ? 0 : mdb_dbi_open(batch->txn, "meta", 0, &scan->meta);

    for (int t = 0; t < BUS_TOPICS && rc == 0; t++) {
        enum bus_topic topic = (enum bus_topic)t;
        int64_t count = 0;
        if (scan->is_read[topic])
            rc = store_partition_count(batch->txn, scan->meta, topic, &count);
        for (int32_t i = scan_parts_of(&scan->parts, topic); rc == 0 && i < count; i++)
            rc = add_partition(batch, topic, i);
    }
    return rc;
}

/* ---- records ---- */

static int read_part(struct batch *batch, struct scan_part *part)
{
    size_t left = batch->left < STEP_RECORDS ? batch->left : STEP_RECORDS;
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(batch->txn, part->handle, &cursor);

    if (rc != 0)
        return rc;
    rc = store_seek(cursor, part->next_offset, &key, &value);
    for (; rc == 0 && left > 0; left--, batch->left--) {
        struct bus_delivery delivery;
        int64_t age_ms;
        store_decode(key, value, &delivery, &age_ms);
        delivery.partition = part->partition;
        scan_part_moved(part, &delivery);
        batch->ops->on_record(batch->ops->owner, part->topic, &delivery);
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND)
        scan_part_ended(part);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int read_batch(struct batch *batch)
{
    struct scan_parts *parts = &batch->scan->parts;
    struct scan_part *part;
    int rc = look(batch);

    for (size_t i = 0; i < parts->count; i++)
        parts->parts[i].is_at_end = false; /* until it was looked at */
    while (rc == 0 && batch->left > 0 && (part = scan_parts_last(parts)) != NULL)
        rc = read_part(batch, part);
    return rc;
}

/* ---- the back end ---- */

static int read_scan(struct scan *scan, int timeout_ms, const struct scan_ops *ops, struct err *err)
{
    struct lmdb_scan *s = (struct lmdb_scan *)scan;
    struct batch batch = {.scan = s, .ops = ops, .left = SCAN_BATCH};
    int rc = begin(s, &batch.txn);

    (void)timeout_ms; /* what is there can be read at once */
    if (rc == 0) {
        rc = read_batch(&batch);
        int commit_rc = mdb_txn_commit(batch.txn); /* aborted, it would close the databases */
        rc = rc == 0 ? commit_rc : rc;
    }
    if (rc == 0)
        return 0;
    return err_set(err, s->env ? ERR_RETRY : ERR_INVALID, "log in %s: cannot read it: %s",
                   s->directory, mdb_strerror(rc));
}

static bool is_at_end(const struct scan *scan)
{
    return scan_parts_are_at_end(&((const struct lmdb_scan *)scan)->parts);
}

static int64_t read_to_ms(const struct scan *scan)
{
    return scan_parts_read_to_ms(&((const struct lmdb_scan *)scan)->parts);
}

static void free_scan(struct scan *scan)
{
    struct lmdb_scan *s = (struct lmdb_scan *)scan;

    if (s->env)
        mdb_env_close(s->env);
    scan_parts_free(&s->parts);
    xfree(s->directory);
    xfree(s);
}

static int open_scan(const struct bus_settings *settings, const enum bus_topic *topics,
                     size_t count, struct scan **ret_scan, struct err *err)
{
    struct lmdb_scan *scan = xalloc(sizeof *scan);

    (void)err;
    scan->scan.backend = &LMDB_SCAN;
    scan->directory = xstrdup(settings->directory);
    for (size_t i = 0; i < count; i++)
        scan->is_read[topics[i]] = true;
    *ret_scan = &scan->scan;
    return 0;
}

const struct scan_backend LMDB_SCAN = {
    .open = open_scan,
    .read = read_scan,
    .is_at_end = is_at_end,
    .read_to_ms = read_to_ms,
    .free = free_scan,
};
