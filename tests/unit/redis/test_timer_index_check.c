/* SPDX-License-Identifier: Apache-2.0
 * Fences: every row of "is this work record stale". Only a certain answer may drop mail. */
#include "unit/redis/index_fixture.h"

#define NO_FENCE ((int64_t)-1)

/* The entry of the parcel before the question; applied is the shard's offset (-1: no shard). */
struct row {
    const char *what;
    int64_t entry_offset; /* -1: no entry */
    int64_t applied, fence;
    enum timer_index_state expected;
};

static const struct row ROWS[] = {
    {"no shard, fence", -1, -1, 50, TIMER_INDEX_UNKNOWN},
    {"no shard, first attempt", -1, -1, NO_FENCE, TIMER_INDEX_UNKNOWN},
    {"behind the fence, no entry", -1, 49, 50, TIMER_INDEX_UNKNOWN},
    {"behind the fence, older entry", 40, 49, 50, TIMER_INDEX_UNKNOWN},
    {"at the fence, its own entry", 50, 50, 50, TIMER_INDEX_CURRENT},
    {"past the fence, its own entry", 50, 60, 50, TIMER_INDEX_CURRENT},
    {"at the fence, absent", -1, 50, 50, TIMER_INDEX_STALE},
    {"past the fence, absent", -1, 60, 50, TIMER_INDEX_STALE},
    {"past the fence, newer entry", 55, 60, 50, TIMER_INDEX_STALE},
    {"past the fence, older entry (impossible)", 40, 60, 50, TIMER_INDEX_UNKNOWN},
    {"first attempt, no entry", -1, 60, NO_FENCE, TIMER_INDEX_CURRENT},
    {"first attempt, an entry", 55, 60, NO_FENCE, TIMER_INDEX_STALE},
    {"fence 0, its own entry", 0, 0, 0, TIMER_INDEX_CURRENT},
};

static void prepare(struct fixture *fixture, const struct row *row)
{
    struct timer_index_entry entries[2];
    size_t count = 0;

    assert_string_equal(fixture_ask(fixture, "FLUSHALL"), "OK");
    if (row->applied < 0)
        return;
    if (row->entry_offset >= 0)
        entries[count++] = index_timer(row->entry_offset, "parcel", 1000);
    if (row->applied > row->entry_offset)
        entries[count++] = index_timer(row->applied, "other", 1000);
    assert_int_equal(index_apply(fixture, -1, entries, count, 0).result, TIMER_INDEX_OK);
}

static void test_every_row_of_the_truth_table(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture, NULL);
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        prepare(&fixture, &ROWS[i]);
        if (index_check(&fixture, "parcel", ROWS[i].fence) != ROWS[i].expected)
            fail_msg("%s", ROWS[i].what);
    }
    fixture_end(&fixture);
}

static void test_fired_timer_is_current_until_its_tombstone(void **state)
{
    struct fixture fixture;
    struct timer_index_entry timer = index_timer(50, "parcel", 1000);
    struct timer_index_entry tombstone = index_tombstone(51, "parcel");

    (void)state;
    fixture_begin(&fixture, NULL);
    assert_int_equal(index_apply(&fixture, -1, &timer, 1, 0).result, TIMER_INDEX_OK);
    assert_int_equal(index_pop(&fixture, 1, 60000).count, 1);
    assert_int_equal(index_check(&fixture, "parcel", 50), TIMER_INDEX_CURRENT);
    assert_int_equal(index_ack(&fixture, "parcel", 50).count, 1);
    assert_int_equal(index_check(&fixture, "parcel", 50), TIMER_INDEX_CURRENT);
    assert_int_equal(index_apply(&fixture, 50, &tombstone, 1, 0).count, 1);
    assert_int_equal(index_check(&fixture, "parcel", 50), TIMER_INDEX_STALE);
    fixture_end(&fixture);
}

static void test_damaged_index_is_unknown(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture, NULL);
    prepare(&fixture, &ROWS[4]);
    (void)fixture_ask(&fixture, "HSET t:{5}:item parcel rubbish");
    assert_int_equal(index_check(&fixture, "parcel", 50), TIMER_INDEX_UNKNOWN);
    (void)fixture_ask(&fixture, "SET t:{5}:item wrong-type");
    assert_int_equal(index_check(&fixture, "parcel", 50), TIMER_INDEX_UNKNOWN);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_truth_table),
        cmocka_unit_test(test_fired_timer_is_current_until_its_tombstone),
        cmocka_unit_test(test_damaged_index_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
