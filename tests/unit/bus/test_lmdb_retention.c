/* SPDX-License-Identifier: Apache-2.0
 * Clean-up of the LMDB log: by age, never below the newest record nor above what a group still
 * needs, in bounded steps; of compacted topics only tombstones go. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "unit/bus/lmdb_log.h"

#define HOUR_MS ((int64_t)3600 * 1000)

/* One transaction of the writer's, made here: it sleeps meanwhile. */
static MDB_txn *begin(struct lmdb_log *log)
{
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(log->hub->store.env, NULL, 0, &txn), 0);
    return txn;
}

static void append(struct lmdb_log *log, enum bus_topic topic, const char *key, bool is_tombstone,
                   int64_t age_ms)
{
    struct store_record record = {.topic = topic,
                                  .key = slice_str(key),
                                  .value = is_tombstone ? SLICE_NONE : SLICE("value"),
                                  .is_tombstone = is_tombstone,
                                  .age_ms = age_ms};
    MDB_txn *txn = begin(log);
    int64_t offset;

    assert_int_equal(store_append(&log->hub->store, txn, &record, &offset), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    struct store_partition *p = store_partition(&log->hub->store, topic, 0);
    atomic_store(&p->end_offset, p->next_offset);
}

static size_t step(struct lmdb_log *log, size_t limit)
{
    MDB_txn *txn = begin(log);
    size_t deleted;

    assert_int_equal(retention_step(log->hub, txn, limit, &deleted), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    return deleted;
}

static size_t entries(struct lmdb_log *log, MDB_dbi dbi)
{
    MDB_txn *txn = begin(log);
    MDB_stat stat;

    assert_int_equal(mdb_stat(txn, dbi, &stat), 0);
    mdb_txn_abort(txn);
    return stat.ms_entries;
}

static size_t records(struct lmdb_log *log, enum bus_topic topic)
{
    return entries(log, store_partition(&log->hub->store, topic, 0)->records);
}

/* So long has the store been open. */
static void set_age(struct lmdb_log *log, int64_t age_ms)
{
    log->hub->store.start_age_ms = age_ms;
}

static void test_retention_old_records_go_and_the_newest_stays(void **state)
{
    struct lmdb_log *log = *state;

    for (int i = 0; i < 10; i++)
        append(log, BUS_WORK, "k", false, i < 5 ? 0 : 10 * HOUR_MS);
    set_age(log, 24 * HOUR_MS); /* an hour before the longest period and a day are over */
    assert_int_equal(step(log, 100), 0);
    set_age(log, 26 * HOUR_MS);
    assert_int_equal(step(log, 100), 5);
    assert_int_equal(records(log, BUS_WORK), 5);
    set_age(log, 100 * HOUR_MS);
    assert_int_equal(step(log, 100), 4);
    assert_int_equal(records(log, BUS_WORK), 1); /* it says where the partition ends */
}

static void test_retention_works_in_steps(void **state)
{
    struct lmdb_log *log = *state;

    for (int i = 0; i < 10; i++)
        append(log, BUS_BODY, "k", false, 0);
    set_age(log, 100 * HOUR_MS);
    assert_int_equal(step(log, 4), 4);
    assert_int_equal(step(log, 4), 4);
    assert_int_equal(step(log, 4), 1);
    assert_int_equal(step(log, 4), 0);
}

static void set_durable(struct lmdb_log *log, const char *group, int64_t next_offset)
{
    (void)pthread_mutex_lock(&log->hub->lock);
    struct hub_share *share = &group_find(log->hub, BUS_WORK, slice_str(group))->shares[0];
    share->committed = share->durable = next_offset;
    (void)pthread_mutex_unlock(&log->hub->lock);
}

static void test_retention_keeps_what_a_group_has_not_finished(void **state)
{
    struct lmdb_log *log = *state;

    for (int i = 0; i < 10; i++)
        append(log, BUS_WORK, "k", false, 0);
    set_age(log, 1000 * HOUR_MS);
    set_durable(log, "sender", BUS_COMMITTED);
    assert_int_equal(step(log, 100), 0);
    set_durable(log, "sender", 6);
    set_durable(log, "audit", 3);
    assert_int_equal(step(log, 100), 3);
    set_durable(log, "audit", 10);
    assert_int_equal(step(log, 100), 3);
    assert_int_equal(records(log, BUS_WORK), 4);
}

static void test_retention_topics_have_their_own(void **state)
{
    struct lmdb_log *log = *state;

    for (int i = 0; i < 2; i++) {
        append(log, BUS_EVENT, "k", false, 0);
        append(log, BUS_DEAD, "k", false, 0);
    }
    set_age(log, 6 * 24 * HOUR_MS);
    assert_int_equal(step(log, 100), 0);
    set_age(log, 8 * 24 * HOUR_MS);
    assert_int_equal(step(log, 100), 1);
    assert_int_equal(records(log, BUS_EVENT), 1);
    set_age(log, 31 * 24 * HOUR_MS);
    assert_int_equal(step(log, 100), 1);
    assert_int_equal(records(log, BUS_DEAD), 1);
}

static void test_retention_only_tombstones_of_compacted_topics_go(void **state)
{
    struct lmdb_log *log = *state;
    struct store_partition *timer = store_partition(&log->hub->store, BUS_TIMER, 0);

    append(log, BUS_TIMER, "live", false, 0);
    append(log, BUS_TIMER, "done", false, 0);
    append(log, BUS_TIMER, "done", true, 0);
    append(log, BUS_TIMER, "again", true, 0);
    append(log, BUS_TIMER, "again", false, 0);
    assert_int_equal(records(log, BUS_TIMER), 3);
    set_age(log, 23 * HOUR_MS);
    assert_int_equal(step(log, 100), 0);
    set_age(log, 10000 * HOUR_MS);
    assert_int_equal(step(log, 100), 2); /* one of them had been replaced already */
    assert_int_equal(records(log, BUS_TIMER), 2);
    assert_int_equal(entries(log, timer->keys), 2);
    assert_int_equal(entries(log, timer->tombstones), 0);
}

static void test_retention_the_newest_tombstone_stays(void **state)
{
    struct lmdb_log *log = *state;

    append(log, BUS_TIMER, "done", true, 0);
    set_age(log, 100 * HOUR_MS);
    assert_int_equal(step(log, 100), 0);
    append(log, BUS_TIMER, "next", false, 0);
    assert_int_equal(step(log, 100), 1);
}

static void test_marks_of_other_making_are_ignored(void **state)
{
    struct lmdb_log *log = *state;

    (void)pthread_mutex_lock(&log->hub->lock);
    assert_true(group_load_mark(log->hub, SLICE("work/0/sender"), 7));
    assert_false(group_load_mark(log->hub, SLICE("work/9/sender"), 7));
    assert_false(group_load_mark(log->hub, SLICE("work/x/sender"), 7));
    assert_false(group_load_mark(log->hub, SLICE("works/0/sender"), 7));
    assert_false(group_load_mark(log->hub, SLICE(""), 7));
    assert_int_equal(group_floor(log->hub, BUS_WORK, 0), 7);
    assert_int_equal(group_floor(log->hub, BUS_BODY, 0), INT64_MAX);
    (void)pthread_mutex_unlock(&log->hub->lock);
}

#define RETENTION_TEST(function)                                                                   \
    cmocka_unit_test_setup_teardown(function, lmdb_log_setup, lmdb_log_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RETENTION_TEST(test_retention_old_records_go_and_the_newest_stays),
        RETENTION_TEST(test_retention_works_in_steps),
        RETENTION_TEST(test_retention_keeps_what_a_group_has_not_finished),
        RETENTION_TEST(test_retention_topics_have_their_own),
        RETENTION_TEST(test_retention_only_tombstones_of_compacted_topics_go),
        RETENTION_TEST(test_retention_the_newest_tombstone_stays),
        RETENTION_TEST(test_marks_of_other_making_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
