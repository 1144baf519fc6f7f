/* SPDX-License-Identifier: Apache-2.0
 * Batches: bounds, copies, what is taken together. */
#include "unit/net/cases.h"

#include "scheduler/batch.h"

static struct timer_index_entry entry(int64_t offset, int64_t due_ms, struct slice timer)
{
    return (struct timer_index_entry){
        .offset = offset, .parcel_id = SLICE("id"), .due_ms = due_ms, .timer = timer};
}

static void test_entries_are_copied_and_summed_up(void **state)
{
    struct batch *batch = batch_new(3, false);
    char bytes[] = "timer";
    struct timer_index_entry first = entry(4, 500, slice_of(bytes, 5));
    struct timer_index_entry second = entry(9, 200, slice_of(bytes, 5));
    struct timer_index_entry gone = {
        .offset = 11, .parcel_id = SLICE("id"), .is_tombstone = true, .due_ms = 1};

    (void)state;
    assert_int_equal(batch->last_offset, 3);
    assert_int_equal(batch->first_due_ms, INT64_MAX);
    batch_add(batch, &first);
    batch_add(batch, &second);
    batch_add(batch, &gone);
    bytes[0] = 'x';
    assert_int_equal(batch->count, 3);
    assert_true(slice_eq(batch->entries[0].timer, SLICE("timer")));
    assert_int_equal(batch->last_offset, 11);
    assert_int_equal(batch->first_due_ms, 200);
    batch_free(&batch);
    assert_null(batch);
}

static void test_batch_closes_by_count_bytes_kind_and_sending(void **state)
{
    struct batch *full = batch_new(0, false), *large = batch_new(0, false);
    struct batch *sent = batch_new(0, true);
    static const char filler[64 * 1024];
    struct timer_index_entry small = entry(1, 1, SLICE("t"));
    struct timer_index_entry big = entry(1, 1, slice_of(filler, sizeof filler));
    size_t count = 0;

    (void)state;
    while (batch_takes(full, false))
        batch_add(full, &small);
    assert_int_equal(full->count, TIMER_INDEX_BATCH_MAX);
    for (; batch_takes(large, false); count++)
        batch_add(large, &big);
    assert_in_range(count, 16, 64);
    assert_false(batch_takes(sent, false));
    assert_true(batch_takes(sent, true));
    sent->is_sent = true;
    assert_false(batch_takes(sent, true));
    batch_free(&full);
    batch_free(&large);
    batch_free(&sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_are_copied_and_summed_up),
        cmocka_unit_test(test_batch_closes_by_count_bytes_kind_and_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
