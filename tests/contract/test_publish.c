/* SPDX-License-Identifier: Apache-2.0
 * Contract of bus_publish: order, bytes, bounds, acknowledgements that come exactly once. */
#include "base/hash.h"
#include "bus/figures.h"
#include "contract/rig.h"
#include "contract/suite.h"

static void test_publish_keeps_order_in_each_partition(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);
    int64_t offsets[300];

    int32_t partitions = bus_partitions(rig->a.bus, BUS_WORK);
    assert_true(partitions >= 4);
    for (int32_t i = 0; i < partitions; i++)
        (void)publish_samples(&rig->a, BUS_WORK, i, (unsigned)i * 1000, 250);
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "order");
    tap_expect_count(tap, 250 * (size_t)partitions);
    for (int32_t i = 0; i < partitions; i++) {
        assert_int_equal(tap_offsets(tap, i, offsets, 300), 250);
        for (size_t j = 0; j < 250; j++)
            assert_int_equal(offsets[j], offsets[0] + (int64_t)j);
    }
    for (size_t i = 0; i < tap->count; i++) {
        uint64_t seq;
        const struct seen *seen = &tap->seen[i];
        assert_true(slice_to_u64(slice_str(seen->key), 1000000, &seq));
        assert_int_equal(seq, (uint64_t)seen->partition * 1000 + (uint64_t)seen->offset);
        assert_true(seen->value_hash == sample_hash((unsigned)seq, 100));
    }
}

static void test_publish_at_the_bound_is_stored(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);
    struct buf value = {0};

    sample(&value, 7, BUS_RECORD_MAX_BYTES);
    struct bus_record record = {.topic = BUS_BODY, .key = SLICE("large")};
    record.head = slice_sub(buf_slice(&value), 0, 100);
    record.body = slice_skip(buf_slice(&value), 100);
    struct bus_ack ack = publish(&rig->a, &record);
    buf_free(&value);
    assert_true(ack.ok);
    tap_open(tap, &rig->a, BUS_BODY, "large");
    tap_expect_count(tap, 1);
    assert_int_equal(tap->seen[0].value_bytes, BUS_RECORD_MAX_BYTES);
    assert_true(tap->seen[0].value_hash == sample_hash(7, BUS_RECORD_MAX_BYTES));
    assert_int_equal(tap->seen[0].offset, ack.offset);
}

static void test_publish_over_the_bound_is_refused(void **state)
{
    struct rig *rig = *state;
    struct buf value = {0};

    sample(&value, 7, BUS_RECORD_MAX_BYTES + 1);
    struct bus_record record = {
        .topic = BUS_BODY, .key = SLICE("larger"), .body = buf_slice(&value)};
    struct bus_ack ack = publish(&rig->a, &record);
    buf_free(&value);
    assert_false(ack.ok);
    assert_int_equal(ack.kind, ERR_INVALID);
    assert_false(ack.maybe_persisted);
    assert_int_equal(publish_samples(&rig->a, BUS_BODY, 0, 1, 1), 0); /* nothing was stored */
}

static void test_publish_to_no_partition_is_refused(void **state)
{
    struct rig *rig = *state;
    struct bus_record record = {.topic = BUS_WORK, .key = SLICE("k"), .body = SLICE("v")};

    record.partition = bus_partitions(rig->a.bus, BUS_WORK);
    assert_int_equal(publish(&rig->a, &record).kind, ERR_INVALID);
    record.partition = -1;
    assert_int_equal(publish(&rig->a, &record).kind, ERR_INVALID);
}

static void test_publish_partition_of_a_key_is_stable_and_in_range(void **state)
{
    struct rig *rig = *state;
    int32_t count = bus_partitions(rig->a.bus, BUS_WORK);
    struct slice key = SLICE("example.net#3");

    assert_int_equal(bus_partition_of(rig->a.bus, BUS_WORK, key),
                     (int32_t)(hash_bytes(key) % (uint64_t)count));
}

struct last {
    struct bus_ticket ticket;
    unsigned calls;
};

static void on_last_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct last *last = owner;

    (void)ticket;
    last->calls++;
    (void)ack;
}

static void test_publish_outstanding_tickets_fire_once_when_the_bus_is_freed(void **state)
{
    struct rig *rig = *state;
    struct bus_record record = {.topic = BUS_WORK, .key = SLICE("k"), .body = SLICE("v")};
    struct last lasts[20] = {0};

    for (size_t i = 0; i < 20; i++) {
        lasts[i].ticket.on_acked = on_last_acked;
        lasts[i].ticket.owner = &lasts[i];
        bus_publish(rig->a.bus, &record, &lasts[i].ticket);
        if (i == 9)
            loop_turn(rig->loop, 0); /* half of them are with the writer, the rest are not */
    }
    bus_free(&rig->a.bus);
    assert_null(rig->a.bus);
    loop_turn(rig->loop, 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(lasts[i].calls, 1);
}

static void test_publish_figures_add_up(void **state)
{
    struct rig *rig = *state;
    struct bus_stats stats;

    (void)publish_samples(&rig->a, BUS_EVENT, 0, 0, 30);
    bus_stats(rig->a.bus, &stats);
    assert_int_equal(stats.published[BUS_EVENT], 30);
    assert_int_equal(stats.publish_failed[BUS_EVENT], 0);
    assert_int_equal(stats.queue_records, 0);
    assert_int_equal(stats.queue_bytes, 0);
    assert_int_equal(durations_count(&stats.acks[BUS_EVENT]), 30);
    assert_int_equal(durations_count(&stats.acks[BUS_WORK]), 0);
    assert_true(bus_has_room(rig->a.bus));
}

static bool is_not_ready(void *owner)
{
    const char *why = NULL;
    bool is_ready = bus_is_ready(((struct side *)owner)->bus, &why);

    assert_true(is_ready || why != NULL);
    return !is_ready;
}

static bool is_ready_again(void *owner)
{
    return !is_not_ready(owner);
}

static void test_publish_is_not_ready_without_a_broker_and_ready_again(void **state)
{
    struct rig *rig = *state;

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 1);
    if (!place_set_available(rig->place, false))
        skip();
    assert_true(rig_wait(rig, is_not_ready, &rig->a));
    assert_true(place_set_available(rig->place, true));
    assert_true(rig_wait(rig, is_ready_again, &rig->a));
    assert_true(publish_samples(&rig->a, BUS_WORK, 0, 1, 1) >= 1);
}

int publish_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_publish_keeps_order_in_each_partition),
        RIG_TEST(test_publish_at_the_bound_is_stored),
        RIG_TEST(test_publish_over_the_bound_is_refused),
        RIG_TEST(test_publish_to_no_partition_is_refused),
        RIG_TEST(test_publish_partition_of_a_key_is_stable_and_in_range),
        RIG_TEST(test_publish_outstanding_tickets_fire_once_when_the_bus_is_freed),
        RIG_TEST(test_publish_figures_add_up),
        RIG_TEST(test_publish_is_not_ready_without_a_broker_and_ready_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
