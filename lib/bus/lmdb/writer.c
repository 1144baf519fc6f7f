/* SPDX-License-Identifier: Apache-2.0
 * The one writer thread: takes all that waits, one transaction, one sync, then hands the
 * acknowledgements to their loops in order. Marks ride along with every transaction and cause one
 * of their own when nothing else does; so does clean-up, in small steps. A transaction that fails
 * fails its records, never the marks: they are tried again without them. */
#include "base/assert.h"
#include "base/buf.h"
#include "bus/lmdb/hub.h"
#include "net/clock.h"

#define BATCH_RECORDS_MAX   4096
#define BATCH_BYTES_MAX     ((size_t)8 * 1024 * 1024)
#define CLEAN_INTERVAL_MS   60000
#define CLEAN_AGAIN_MS      20 /* while the last step was cut short */
#define CLEAN_STEP_RECORDS  64 /* and two more for each record of the batch: it must keep up */
#define TICK_MS             1000
#define MARK_RETRY_MS       1000
#define PAGE_BYTES          ((size_t)4096)
#define RECORD_OVERHEAD     ((size_t)256)

struct writer {
    struct bus_hub *hub;
    struct buf mark_name;
    size_t batch_bytes; /* estimate of what the batch takes in the map */
    uint64_t clean_at_ms;
};

/* ---- what there is to do (hub lock held) ---- */

static uint64_t next_due_ms(const struct writer *w)
{
    uint64_t due = clock_monotonic_ms() + TICK_MS;

    if (w->hub->dirty.count > 0 && w->hub->dirty_due_ms < due)
        due = w->hub->dirty_due_ms;
    return w->clean_at_ms < due ? w->clean_at_ms : due;
}

static bool has_work(const struct writer *w)
{
    const struct bus_hub *hub = w->hub;
    uint64_t now = clock_monotonic_ms();

    return hub->queue.count > 0 || (hub->dirty.count > 0 && now >= hub->dirty_due_ms) ||
           now >= w->clean_at_ms || hub->is_ending;
}

/* Until there is work or a second has passed. */
static void wait_for_work(struct writer *w)
{
    uint64_t due = next_due_ms(w);
    struct timespec at = {(time_t)(due / 1000), (long)(due % 1000) * 1000000};

    if (!has_work(w))
        (void)pthread_cond_clockwait(&w->hub->work, &w->hub->lock, CLOCK_MONOTONIC, &at);
}

/* Records of half a page and more take whole pages. */
static size_t map_bytes_of(const struct store_record *record)
{
    size_t bytes = record->key.len + record->value.len + RECORD_OVERHEAD;

    return bytes >= PAGE_BYTES / 2 ? bytes + PAGE_BYTES : bytes + bytes / 2;
}

static void take_batch(struct writer *w)
{
    struct bus_hub *hub = w->hub;

    w->batch_bytes = 0;
    while (hub->queue.count > 0 && hub->batch.count < BATCH_RECORDS_MAX &&
           w->batch_bytes < BATCH_BYTES_MAX) {
        struct list_node *node = list_shift(&hub->queue);
        struct hub_publication *p = LIST_OWNER(node, struct hub_publication, node);
        hub->queue_bytes -= p->record.key.len + p->record.value.len;
        w->batch_bytes += map_bytes_of(&p->record);
        list_push(&hub->batch, node);
    }
}

static void take_marks(struct bus_hub *hub)
{
    struct list_node *node;

    while ((node = list_shift(&hub->dirty)) != NULL) {
        struct hub_share *share = LIST_OWNER(node, struct hub_share, node);
        share->writing = share->committed;
        list_push(&hub->writing, node);
    }
}

/* ---- the transaction (no lock) ---- */

static int put_batch(struct bus_hub *hub, MDB_txn *txn)
{
    int64_t now_ms = clock_wall_ms(), age_ms = store_age_ms(&hub->store);
    int rc = 0;

    for (struct list_node *node = list_first(&hub->batch); node && rc == 0;
         node = list_next(&hub->batch, node)) {
        struct hub_publication *p = LIST_OWNER(node, struct hub_publication, node);
        p->record.stored_at_ms = now_ms;
        p->record.age_ms = age_ms;
        rc = store_append(&hub->store, txn, &p->record, &p->ack.offset);
    }
    return rc;
}

static int put_marks(struct writer *w, MDB_txn *txn)
{
    struct list *marks = &w->hub->writing;
    int rc = 0;

    for (struct list_node *node = list_first(marks); node && rc == 0;
         node = list_next(marks, node)) {
        struct hub_share *share = LIST_OWNER(node, struct hub_share, node);
        group_mark_name(share, &w->mark_name);
        rc = store_put_mark(&w->hub->store, txn, buf_slice(&w->mark_name), share->writing);
    }
    return rc;
}

static int clean(struct writer *w, MDB_txn *txn)
{
    size_t limit = CLEAN_STEP_RECORDS + 2 * w->hub->batch.count, deleted;
    uint64_t now = clock_monotonic_ms();

    if (now < w->clean_at_ms)
        return 0;
    int rc = retention_step(w->hub, txn, limit, &deleted);
    if (rc == 0)
        rc = store_keep_age(&w->hub->store, txn);
    w->clean_at_ms = now + (deleted == limit ? CLEAN_AGAIN_MS : CLEAN_INTERVAL_MS);
    return rc;
}

static int put_all(struct writer *w, MDB_txn *txn, bool with_batch)
{
    int rc = with_batch ? put_batch(w->hub, txn) : 0;

    if (rc == 0)
        rc = put_marks(w, txn);
    return rc == 0 ? clean(w, txn) : rc;
}

/* 0, or the reason why nothing of it is stored, *ret_is_certain false if that is not sure. */
static int commit(struct writer *w, bool with_batch, bool *ret_is_certain)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(w->hub->store.env, NULL, 0, &txn);

    *ret_is_certain = true;
    if (rc != 0)
        return rc;
    rc = put_all(w, txn, with_batch);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn);
    *ret_is_certain = rc == 0 || rc == ENOSPC || rc == MDB_MAP_FULL;
    return rc;
}

/* ---- what became of it (hub lock held) ---- */

static void fill_ack(struct bus_ack *ack, int rc, bool is_certain)
{
    bool is_no_room = rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT;

    ack->ok = rc == 0;
    ack->kind = rc == 0 ? ERR_NONE : is_no_room ? ERR_LIMIT : ERR_RETRY;
    ack->maybe_persisted = !is_certain;
    ack->detail = rc == 0 ? "stored" : is_no_room ? "the log is full" : mdb_strerror(rc);
}

static void settle_batch(struct bus_hub *hub, int rc, bool is_certain)
{
    struct list_node *node;

    while ((node = list_shift(&hub->batch)) != NULL) {
        struct hub_publication *p = LIST_OWNER(node, struct hub_publication, node);
        struct store_partition *to =
            store_partition(&hub->store, p->record.topic, p->record.partition);
        if (rc == 0)
            atomic_store(&to->end_offset, p->ack.offset + 1);
        else
            to->next_offset = atomic_load(&to->end_offset);
        fill_ack(&p->ack, rc, is_certain);
        if (p->bus) {
            p->bus->is_ringing = true;
            list_push(&p->bus->settled, node);
        } else {
            publication_free(p);
        }
    }
}

static void settle_marks(struct bus_hub *hub, int rc)
{
    struct list_node *node;

    while ((node = list_shift(&hub->writing)) != NULL) {
        struct hub_share *share = LIST_OWNER(node, struct hub_share, node);
        if (rc == 0)
            share->durable = share->writing;
        if (rc == 0 && share->owner)
            consumer_bus(share->owner)->is_ringing = true;
        if (share->committed != share->durable)
            list_push(&hub->dirty, node);
    }
    if (hub->dirty.count > 0)
        hub->dirty_due_ms = clock_monotonic_ms() + (rc == 0 ? 0 : MARK_RETRY_MS);
}

static void ring(struct bus_hub *hub, unsigned topics, bool is_everybody)
{
    for (struct list_node *node = list_first(&hub->buses); node;
         node = list_next(&hub->buses, node)) {
        struct bus *bus = LIST_OWNER(node, struct bus, node);
        if (bus->is_ringing || is_everybody || (bus->topics & topics))
            loop_post_ring(bus->bell);
        bus->is_ringing = false;
    }
}

static unsigned topics_of(const struct list *batch)
{
    unsigned topics = 0;

    for (struct list_node *node = list_first(batch); node; node = list_next(batch, node))
        topics |= 1U << LIST_OWNER(node, struct hub_publication, node)->record.topic;
    return topics;
}

/* ---- one round ---- */

/* Marks must get through when the records did not. */
static int commit_marks_alone(struct writer *w)
{
    bool is_certain;

    return commit(w, false, &is_certain);
}

static void note_failure(struct bus_hub *hub, int rc)
{
    if (rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT)
        room_exhausted(&hub->room);
    else if (rc == MDB_PANIC || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
        atomic_store(&hub->broken, mdb_strerror(rc));
}

static void write_round(struct writer *w, uint64_t marks_taken)
{
    struct bus_hub *hub = w->hub;
    bool is_certain = true;
    int rc = 0;

    if (hub->batch.count > 0 && !room_take(&hub->room, &hub->store, w->batch_bytes))
        rc = MDB_MAP_FULL;
    int batch_rc = rc == 0 ? commit(w, true, &is_certain) : rc;
    int marks_rc = batch_rc != 0 ? commit_marks_alone(w) : 0;
    note_failure(hub, batch_rc);
    room_refresh(&hub->room, &hub->store);

    unsigned topics = batch_rc == 0 ? topics_of(&hub->batch) : 0;
    (void)pthread_mutex_lock(&hub->lock);
    settle_batch(hub, batch_rc, is_certain);
    settle_marks(hub, marks_rc);
    if (marks_rc == 0)
        hub->marks_kept = marks_taken;
    ring(hub, topics, false);
}

void *writer_main(void *arg)
{
    struct writer w = {.hub = arg};
    struct bus_hub *hub = w.hub;

    room_measure(&hub->room, &hub->store);
    (void)pthread_mutex_lock(&hub->lock);
    while (!hub->is_ending || hub->queue.count > 0 || hub->dirty.count > 0) {
        wait_for_work(&w);
        take_batch(&w);
        take_marks(hub);
        uint64_t marks_taken = hub->marks_pushed;
        (void)pthread_mutex_unlock(&hub->lock);
        write_round(&w, marks_taken);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    buf_free(&w.mark_name);
    return NULL;
}
