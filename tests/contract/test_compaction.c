/* SPDX-License-Identifier: Apache-2.0
 * Contract of compacted topics: the newest record of each key stays, a tombstone is delivered like
 * any record. When the older ones go is the back end's affair, unless it says at once. */
#include "contract/rig.h"
#include "contract/suite.h"

static int64_t put(struct rig *rig, const char *key, unsigned seq)
{
    struct buf value = {0};

    sample(&value, seq, 50);
    struct bus_record record = {
        .topic = BUS_TIMER, .key = slice_str(key), .head = buf_slice(&value)};
    struct bus_ack ack = publish(&rig->a, &record);
    buf_free(&value);
    assert_true(ack.ok);
    return ack.offset;
}

static int64_t put_tombstone(struct rig *rig, const char *key)
{
    struct bus_record record = {.topic = BUS_TIMER, .key = slice_str(key), .is_tombstone = true};
    struct bus_ack ack = publish(&rig->a, &record);

    assert_true(ack.ok);
    return ack.offset;
}

static const struct seen *last_of(const struct tap *tap, const char *key)
{
    for (size_t i = tap->count; i > 0; i--) {
        if (slice_eq(slice_str(tap->seen[i - 1].key), slice_str(key)))
            return &tap->seen[i - 1];
    }
    return NULL;
}

static bool has_end(void *owner)
{
    const struct tap *tap = owner;

    return tap->count > 0 && slice_eq(slice_str(tap->seen[tap->count - 1].key), SLICE("end"));
}

static void test_compaction_keeps_the_newest_of_each_key(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)put(rig, "one", 1);
    (void)put(rig, "two", 2);
    (void)put(rig, "three", 3);
    int64_t one = put(rig, "one", 4);
    int64_t two = put_tombstone(rig, "two");
    (void)put(rig, "end", 5);
    tap_open(tap, &rig->a, BUS_TIMER, "");
    assert_true(rig_wait(rig, has_end, tap));

    assert_int_equal(last_of(tap, "one")->offset, one);
    assert_true(last_of(tap, "one")->value_hash == sample_hash(4, 50));
    assert_int_equal(last_of(tap, "two")->offset, two);
    assert_true(last_of(tap, "two")->is_tombstone);
    assert_int_equal(last_of(tap, "two")->value_bytes, 0);
    assert_true(last_of(tap, "three")->value_hash == sample_hash(3, 50));
    assert_false(last_of(tap, "three")->is_tombstone);
    if (BACKEND.compacts_at_once)
        assert_int_equal(tap->count, 4);
}

static void test_compaction_offsets_are_never_used_again(void **state)
{
    struct rig *rig = *state;
    int64_t before = -1;

    for (unsigned i = 0; i < 10; i++) {
        int64_t offset = put(rig, "same", i);
        assert_true(offset > before);
        before = offset;
        if (i == 5) {
            side_close(&rig->a);
            side_open(rig, &rig->a);
        }
    }
}

static void test_compaction_a_lagging_consumer_meets_gaps_and_finishes(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    for (unsigned i = 0; i < 50; i++)
        (void)put(rig, i % 2 ? "odd" : "even", i);
    tap->finishes = true;
    int64_t end = put(rig, "end", 50) + 1;
    tap_open(tap, &rig->a, BUS_TIMER, "lagging");
    assert_true(rig_wait(rig, has_end, tap));
    tap_expect_committed(tap, 0, end);
    assert_true(last_of(tap, "odd")->value_hash == sample_hash(49, 50));
    assert_true(last_of(tap, "even")->value_hash == sample_hash(48, 50));
}

static void test_compaction_a_key_is_needed_and_tombstones_have_no_value(void **state)
{
    struct rig *rig = *state;
    struct bus_record record = {.topic = BUS_TIMER, .body = SLICE("value")};

    assert_int_equal(publish(&rig->a, &record).kind, ERR_INVALID);
    record.key = SLICE("key");
    record.is_tombstone = true;
    assert_int_equal(publish(&rig->a, &record).kind, ERR_INVALID);
    record.topic = BUS_WORK;
    record.body = SLICE_NONE;
    assert_int_equal(publish(&rig->a, &record).kind, ERR_INVALID);
}

int compaction_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_compaction_keeps_the_newest_of_each_key),
        RIG_TEST(test_compaction_offsets_are_never_used_again),
        RIG_TEST(test_compaction_a_lagging_consumer_meets_gaps_and_finishes),
        RIG_TEST(test_compaction_a_key_is_needed_and_tombstones_have_no_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
