/* SPDX-License-Identifier: Apache-2.0
 * The one writer thread: takes all that waits, one transaction, one sync, then hands the
 * acknowledgements to their loops in order. Marks ride along with every transaction and cause one
 * of their own when nothing else does; so does clean-up, in small steps. A transaction that fails
 * fails its records, never the marks: they are tried again without them. */
#include <errno.h>

#include "base/xalloc.h"
#include "bus/lmdb/hub.h"
#include "net/clock.h"

#define BATCH_RECORDS_MAX  4096
#define BATCH_BYTES_MAX    ((size_t)8 * 1024 * 1024)
#define CLEAN_INTERVAL_MS  60000
#define CLEAN_AGAIN_MS     20 /* while the last step was cut short */
#define CLEAN_STEP_RECORDS 64 /* and two more for each record of the batch: it must keep up */
#define TICK_MS            1000
#define MARK_RETRY_MS      1000
#define PAGE_BYTES         ((size_t)4096)
#define RECORD_OVERHEAD    ((size_t)256)

struct writer {
    struct bus_hub *hub;
    struct buf mark_name;
    size_t batch_bytes; /* estimate of what the batch takes in the map */
    uint64_t clean_at_ms;
    uint64_t marks_taken; /* of hub->marks_pushed, when the marks were taken */
};

/* LMDB codes; is_certain: a failed batch is surely not stored. */
struct outcome {
    int batch_rc, marks_rc;
    bool is_certain;
};

static bool is_no_room(int rc)
{
    return rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

/* ---- what there is to do (hub lock held) ---- */

static bool has_work(const struct writer *w, uint64_t now_ms)
{
    const struct bus_hub *hub = w->hub;

    return (hub->queue.count > 0 && now_ms >= hub->queue_due_ms) ||
           (hub->dirty.count > 0 && now_ms >= hub->dirty_due_ms) || now_ms >= w->clean_at_ms ||
           hub->is_ending;
}

static uint64_t next_due_ms(const struct writer *w, uint64_t tick_ms)
{
    const struct bus_hub *hub = w->hub;
    uint64_t due = w->clean_at_ms < tick_ms ? w->clean_at_ms : tick_ms;

    if (hub->queue.count > 0 && hub->queue_due_ms < due)
        due = hub->queue_due_ms;
    return hub->dirty.count > 0 && hub->dirty_due_ms < due ? hub->dirty_due_ms : due;
}

/* Until there is work or a second has passed. */
static void wait_for_work(struct writer *w)
{
    uint64_t now_ms = clock_monotonic_ms(), tick_ms = now_ms + TICK_MS;

    while (!has_work(w, now_ms) && now_ms < tick_ms) {
        uint64_t due = next_due_ms(w, tick_ms);
        struct timespec at = {(time_t)(due / 1000), (long)(due % 1000) * 1000000};
        (void)pthread_cond_clockwait(&w->hub->work, &w->hub->lock, CLOCK_MONOTONIC, &at);
        now_ms = clock_monotonic_ms();
    }
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
        w->batch_bytes += map_bytes_of(&p->record);
        list_push(&hub->batch, node);
    }
}

static void take_marks(struct writer *w)
{
    struct bus_hub *hub = w->hub;
    struct list_node *node;

    w->marks_taken = hub->marks_pushed;
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
    (void)mdb_reader_check(w->hub->store.env, NULL); /* a killed hikyakuctl must not pin pages */
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
    *ret_is_certain = rc == 0 || is_no_room(rc);
    return rc;
}

/* ---- what became of it (hub lock held) ---- */

static void fill_ack(struct bus_ack *ack, const struct outcome *outcome)
{
    int rc = outcome->batch_rc;

    ack->ok = rc == 0;
    ack->kind = rc == 0 ? ERR_NONE : is_no_room(rc) ? ERR_LIMIT : ERR_RETRY;
    ack->maybe_persisted = !outcome->is_certain;
    ack->detail = rc == 0 ? "stored" : is_no_room(rc) ? "the log is full" : mdb_strerror(rc);
}

static void settle_batch(struct bus_hub *hub, const struct outcome *outcome)
{
    struct list_node *node;

    while ((node = list_shift(&hub->batch)) != NULL) {
        struct hub_publication *p = LIST_OWNER(node, struct hub_publication, node);
        struct store_partition *to =
            store_partition(&hub->store, p->record.topic, p->record.partition);
        if (outcome->batch_rc == 0)
            atomic_store(&to->end_offset, p->ack.offset + 1);
        else
            to->next_offset = atomic_load(&to->end_offset);
        fill_ack(&p->ack, outcome);
        if (p->bus) {
            p->bus->is_ringing = true;
            list_push(&p->bus->settled, node);
        } else {
            xfree(p);
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
        hub->dirty_due_ms = clock_monotonic_ms() + (rc == 0 ? HUB_MARK_INTERVAL_MS : MARK_RETRY_MS);
}

static void ring(struct bus_hub *hub, unsigned topics)
{
    for (struct list_node *node = list_first(&hub->buses); node;
         node = list_next(&hub->buses, node)) {
        struct bus *bus = LIST_OWNER(node, struct bus, node);
        if (bus->is_ringing || (bus->topics & topics))
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

static void settle(struct writer *w, const struct outcome *outcome)
{
    struct bus_hub *hub = w->hub;
    unsigned topics = outcome->batch_rc == 0 ? topics_of(&hub->batch) : 0;

    if (hub->leaving > 0) /* somebody waits for its last marks */
        topics = ~0U;
    settle_batch(hub, outcome);
    settle_marks(hub, outcome->marks_rc);
    if (outcome->marks_rc == 0)
        hub->marks_kept = w->marks_taken;
    ring(hub, topics);
}

/* ---- the thread ---- */

static void note_failure(struct bus_hub *hub, int rc)
{
    if (is_no_room(rc))
        room_exhausted(&hub->room);
    else if (rc == MDB_PANIC || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
        atomic_store(&hub->broken, mdb_strerror(rc));
}

static struct outcome write_all(struct writer *w)
{
    struct bus_hub *hub = w->hub;
    struct outcome outcome = {.is_certain = true};
    bool is_certain;

    if (hub->batch.count > 0 && !room_take(&hub->room, &hub->store, w->batch_bytes))
        outcome.batch_rc = MDB_MAP_FULL;
    else
        outcome.batch_rc = commit(w, true, &outcome.is_certain);
    if (outcome.batch_rc != 0)
        outcome.marks_rc = commit(w, false, &is_certain);
    note_failure(hub, outcome.batch_rc);
    room_refresh(&hub->room, &hub->store);
    return outcome;
}

/* At the end everything that waits is written; marks that cannot be are given up. */
static bool is_over(const struct bus_hub *hub, const struct outcome *last)
{
    return hub->is_ending && hub->queue.count == 0 &&
           (hub->dirty.count == 0 || last->marks_rc != 0);
}

void *writer_main(void *arg)
{
    struct writer w = {.hub = arg};
    struct bus_hub *hub = w.hub;
    struct outcome outcome = {0};

    room_measure(&hub->room, &hub->store);
    (void)pthread_mutex_lock(&hub->lock);
    while (!is_over(hub, &outcome)) {
        wait_for_work(&w);
        take_batch(&w);
        take_marks(&w);
        (void)pthread_mutex_unlock(&hub->lock);
        outcome = write_all(&w);
        (void)pthread_mutex_lock(&hub->lock);
        settle(&w, &outcome);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    buf_free(&w.mark_name);
    return NULL;
}
