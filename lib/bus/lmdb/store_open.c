/* SPDX-License-Identifier: Apache-2.0
 * Opening the LMDB environment: the directory and its lock, the databases, the partition counts.
 * Durability is LMDB's default: every commit is synced, never MDB_NOSYNC or MDB_WRITEMAP. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/lmdb/store.h"
#include "net/clock.h"

#define FORMAT         1
#define DATABASES_MAX  1024
#define PARTITIONS_MAX 64
#define DIRECTORY_MODE 0700

static int fail(struct err *err, const struct store *store, const char *what, int rc)
{
    return err_set(err, ERR_INTERNAL, "log in %s: cannot %s: %s", store->directory, what,
                   mdb_strerror(rc));
}

static int take_lock(struct store *store, struct err *err)
{
    struct buf path = {0};

    if (mkdir(store->directory, DIRECTORY_MODE) != 0 && errno != EEXIST)
        return err_set(err, ERR_INVALID, "log.directory: cannot create %s: %s", store->directory,
                       strerror(errno));
    buf_addf(&path, "%s/owner.lock", store->directory);
    store->lock_fd = open(buf_str(&path), O_CREAT | O_RDWR | O_CLOEXEC, STORE_FILE_MODE);
    buf_free(&path);
    if (store->lock_fd < 0)
        return err_set(err, ERR_INVALID, "log.directory: cannot write in %s: %s", store->directory,
                       strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_CLOSED,
                       "log.directory: %s is in use by another process; each process needs a "
                       "directory of its own",
                       store->directory);
    return 0;
}

int store_create_environment(MDB_env **ret_env)
{
    int rc = mdb_env_create(ret_env);

    return rc == 0 ? mdb_env_set_maxdbs(*ret_env, DATABASES_MAX) : rc;
}

static int open_environment(struct store *store, int64_t map_bytes, struct err *err)
{
    int stale;
    int rc = store_create_environment(&store->env);

    if (rc == 0)
        rc = mdb_env_set_mapsize(store->env, (size_t)map_bytes);
    if (rc == 0)
        rc = mdb_env_open(store->env, store->directory, STORE_ENV_FLAGS, STORE_FILE_MODE);
    if (rc == 0)
        rc = mdb_reader_check(store->env, &stale);
    return rc == 0 ? 0 : fail(err, store, "open it", rc);
}

/* A number of the meta database; the fallback when it is not there yet. */
static int get_meta(MDB_txn *txn, MDB_dbi meta, const char *name, int64_t *value)
{
    MDB_val key = store_val(name, strlen(name)), data;
    int rc = mdb_get(txn, meta, &key, &data);
    if (rc == 0 && data.mv_size != sizeof *value)
        rc = MDB_CORRUPTED;
    if (rc == 0)
        memcpy(value, data.mv_data, sizeof *value);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int put_meta(struct store *store, MDB_txn *txn, const char *name, int64_t value)
{
    MDB_val key = store_val(name, strlen(name)), data = {sizeof value, &value};

    return mdb_put(txn, store->meta, &key, &data, 0);
}

static void partitions_name(struct buf *out, enum bus_topic topic)
{
    buf_addf(out, "partitions/%s", bus_topic_row(topic)->name);
}

int store_partition_count(MDB_txn *txn, MDB_dbi meta, enum bus_topic topic, int64_t *value)
{
    struct buf name = {0};

    partitions_name(&name, topic);
    int rc = get_meta(txn, meta, buf_str(&name), value);
    buf_free(&name);
    return rc;
}

/* The newest record is never cleaned up, so the end needs no place of its own. */
static int find_end(struct store_partition *p, MDB_txn *txn)
{
    MDB_cursor *cursor;
    MDB_val key, data;
    int rc = mdb_cursor_open(txn, p->records, &cursor);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &data, MDB_LAST);
    if (rc == 0 && key.mv_size == sizeof p->next_offset) {
        memcpy(&p->next_offset, key.mv_data, sizeof p->next_offset);
        p->next_offset++;
    }
    mdb_cursor_close(cursor);
    atomic_store(&p->end_offset, p->next_offset);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int open_partition(struct store *store, MDB_txn *txn, enum bus_topic topic, int32_t i)
{
    struct store_partition *p = &store->topics[topic].partitions[i];
    const char *name = bus_topic_row(topic)->name;
    struct buf path = {0};

    buf_addf(&path, "%s/%d", name, (int)i);
    int rc = mdb_dbi_open(txn, buf_str(&path), MDB_CREATE | MDB_INTEGERKEY, &p->records);
    if (rc == 0 && store->topics[topic].is_compacted) {
        size_t stem = path.len;
        buf_add_str(&path, "/keys");
        rc = mdb_dbi_open(txn, buf_str(&path), MDB_CREATE, &p->keys);
        path.len = stem;
        buf_add_str(&path, "/tombstones");
        if (rc == 0)
            rc = mdb_dbi_open(txn, buf_str(&path), MDB_CREATE | MDB_INTEGERKEY, &p->tombstones);
    }
    buf_free(&path);
    return rc == 0 ? find_end(p, txn) : rc;
}

static int32_t count_of(const struct bus_settings *settings, enum bus_topic topic, int64_t stored)
{
    int64_t wanted = settings->partitions[topic];

    if (stored > 0 && (bus_topic_row(topic)->is_compacted || stored > wanted))
        wanted = stored;
    if (wanted < 1)
        wanted = 1;
    return (int32_t)(wanted > PARTITIONS_MAX ? PARTITIONS_MAX : wanted);
}

static int open_topic(struct store *store, MDB_txn *txn, const struct bus_settings *settings,
                      enum bus_topic topic)
{
    struct store_topic *t = &store->topics[topic];
    struct buf name = {0};
    int64_t stored = 0;
    int rc = store_partition_count(txn, store->meta, topic, &stored);

    partitions_name(&name, topic);
    t->is_compacted = bus_topic_row(topic)->is_compacted;
    t->count = count_of(settings, topic, stored);
    if (rc == 0 && t->count != stored)
        rc = put_meta(store, txn, buf_str(&name), t->count);
    buf_free(&name);
    t->partitions = xalloc((size_t)t->count * sizeof *t->partitions);
    for (int32_t i = 0; rc == 0 && i < t->count; i++)
        rc = open_partition(store, txn, topic, i);
    return rc;
}

static int open_databases(struct store *store, MDB_txn *txn, const struct bus_settings *settings)
{
    int64_t format = 0;
    int rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &store->meta);

    if (rc == 0)
        rc = mdb_dbi_open(txn, "marks", MDB_CREATE, &store->marks);
    if (rc == 0)
        rc = get_meta(txn, store->meta, "format", &format);
    if (rc == 0 && format == 0)
        rc = put_meta(store, txn, "format", FORMAT);
    else if (rc == 0 && format != FORMAT)
        rc = MDB_VERSION_MISMATCH;
    if (rc == 0)
        rc = get_meta(txn, store->meta, "age_ms", &store->start_age_ms);
    for (int topic = 0; rc == 0 && topic < BUS_TOPICS; topic++)
        rc = open_topic(store, txn, settings, (enum bus_topic)topic);
    return rc;
}

static int open_everything(struct store *store, const struct bus_settings *settings,
                           struct err *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rc != 0)
        return fail(err, store, "begin a transaction", rc);
    rc = open_databases(store, txn, settings);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return fail(err, store, "open its databases", rc);
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 ? 0 : fail(err, store, "write to it", rc);
}

int store_open(struct store *store, const struct bus_settings *settings, int64_t reserve_bytes,
               struct err *err)
{
    *store = (struct store){.lock_fd = -1};
    store->directory = xstrdup(settings->directory);
    store->opened_at_ms = clock_monotonic_ms();
    if (take_lock(store, err) != 0)
        return -1;
    if (open_environment(store, settings->map_bytes + reserve_bytes, err) != 0)
        return -1;
    return open_everything(store, settings, err);
}

void store_close(struct store *store)
{
    if (store->env)
        mdb_env_close(store->env);
    store->env = NULL;
    if (store->directory && store->lock_fd >= 0)
        (void)close(store->lock_fd);
    store->lock_fd = -1;
    for (int topic = 0; topic < BUS_TOPICS; topic++) {
        xfree(store->topics[topic].partitions);
        store->topics[topic].partitions = NULL;
    }
    xfree(store->directory);
    store->directory = NULL;
}
