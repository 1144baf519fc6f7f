/* SPDX-License-Identifier: Apache-2.0
 * A Redis at its maxmemory: nothing new is taken in, but what is inside can drain, and draining
 * makes room. Also the largest batch. */
#include "unit/redis/index_fixture.h"

#include "base/xalloc.h"

#define COUNT ((size_t)TIMER_INDEX_BATCH_MAX)

static struct timer_index_entry *many(size_t count, struct buf *ids)
{
    struct timer_index_entry *entries = xalloc(count * sizeof *entries);

    buf_reserve(ids, count * 8);
    for (size_t i = 0; i < count; i++) {
        size_t at = ids->len;
        buf_addf(ids, "p%06zu", i);
        struct slice id = slice_sub(buf_slice(ids), at, ids->len);
        entries[i] = (struct timer_index_entry){
            .offset = (int64_t)i, .parcel_id = id, .due_ms = 1000, .timer = id};
    }
    return entries;
}

static void test_largest_batch_is_applied_and_popped(void **state)
{
    struct fixture fixture;
    struct buf ids = {0};
    struct timer_index_entry *entries = many(COUNT, &ids);

    (void)state;
    fixture_begin(&fixture, NULL);
    assert_int_equal(index_apply(&fixture, -1, entries, COUNT, 0).count, COUNT);
    struct index_answer popped = index_pop(&fixture, COUNT, 60000);
    assert_int_equal(popped.result, TIMER_INDEX_OK);
    assert_int_equal(popped.count, COUNT);
    assert_string_equal(popped.items[1].timer, "p000001");
    fixture_end(&fixture);
    xfree(entries);
    buf_free(&ids);
}

static void test_full_redis_refuses_apply_and_lets_the_rest_drain(void **state)
{
    struct fixture fixture;
    struct timer_index_entry entries[] = {index_timer(1, "a", 1000), index_timer(2, "b", 1000)};
    struct timer_index_entry next = index_timer(3, "c", 1000);

    (void)state;
    fixture_begin(&fixture, NULL);
    assert_int_equal(index_apply(&fixture, -1, entries, 2, 0).count, 2);
    assert_string_equal(fixture_ask(&fixture, "CONFIG SET maxmemory 1"), "OK");
    assert_int_equal(index_apply(&fixture, 2, &next, 1, 0).result, TIMER_INDEX_DOWN);
    assert_true(redis_is_up(fixture.redis));
    assert_int_equal(index_pop(&fixture, 1, -1).count, 1);
    assert_int_equal(index_reap(&fixture).count, 1);
    assert_int_equal(index_pop(&fixture, 2, 60000).count, 2);
    assert_int_equal(index_ack(&fixture, "a", 1).count, 1);
    assert_int_equal(index_ack(&fixture, "b", 2).count, 1);
    assert_int_equal(index_check(&fixture, "a", 1), TIMER_INDEX_CURRENT);
    assert_int_equal(index_offset(&fixture).offset, 2);
    /* The refused batch changed nothing and can be applied when there is room. */
    assert_string_equal(fixture_ask(&fixture, "CONFIG SET maxmemory 0"), "OK");
    assert_int_equal(index_apply(&fixture, 2, &next, 1, 0).count, 1);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_largest_batch_is_applied_and_popped),
        cmocka_unit_test(test_full_redis_refuses_apply_and_lets_the_rest_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
