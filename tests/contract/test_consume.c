/* SPDX-License-Identifier: Apache-2.0
 * Contract of consuming as a work queue, one consumer: finish in any order, restart from the
 * watermark, start anywhere, pause. */
#include "contract/rig.h"
#include "contract/suite.h"

static void finish(struct tap *tap, int32_t partition, int64_t from, int64_t to)
{
    for (int64_t offset = from; offset < to; offset++)
        bus_finish(tap->consumer, partition, offset);
}

static void reopen(struct rig *rig)
{
    side_close(&rig->a);
    side_open(rig, &rig->a);
}

static void test_consume_finish_in_any_order_commits_the_lowest_unfinished(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 10);
    (void)publish_samples(&rig->a, BUS_WORK, 1, 100, 1);
    tap_open(tap, &rig->a, BUS_WORK, "any");
    tap_expect_count(tap, 11);
    for (int64_t offset = 9; offset > 0; offset--)
        bus_finish(tap->consumer, 0, offset);
    bus_finish(tap->consumer, 1, 0);
    tap_expect_committed(tap, 1, 1); /* in the same breath as partition 0, had it moved */
    assert_true(tap->committed[0] <= 0);
    bus_finish(tap->consumer, 0, 0);
    tap_expect_committed(tap, 0, 10);
}

static void test_consume_restarts_from_the_watermark(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);
    int64_t offsets[20];

    (void)publish_samples(&rig->a, BUS_WORK, 2, 0, 10);
    tap_open(tap, &rig->a, BUS_WORK, "restart");
    tap_expect_count(tap, 10);
    finish(tap, 2, 0, 5);
    finish(tap, 2, 7, 8);
    tap_expect_committed(tap, 2, 5);
    reopen(rig);
    tap = tap_new(rig);
    tap_open(tap, &rig->a, BUS_WORK, "restart");
    tap_expect_count(tap, 5);
    assert_int_equal(tap_offsets(tap, 2, offsets, 20), 5);
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(offsets[i], 5 + i);
}

static void test_consume_leaving_commits_what_was_finished_last(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 10);
    tap_open(tap, &rig->a, BUS_WORK, "leaving");
    tap_expect_count(tap, 10);
    finish(tap, 0, 0, 8);
    reopen(rig); /* without waiting for on_committed */
    tap = tap_new(rig);
    tap_open(tap, &rig->a, BUS_WORK, "leaving");
    tap_expect_count(tap, 2);
    assert_int_equal(tap->seen[0].offset, 8);
}

static void test_consume_starts_at_an_offset_and_again(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_TIMER, 0, 0, 10);
    tap->start_at = 6;
    tap_open(tap, &rig->a, BUS_TIMER, "");
    tap_expect_count(tap, 4);
    assert_int_equal(tap->seen[0].offset, 6);
    bus_start(tap->consumer, 0, 2);
    tap_expect_count(tap, 12);
    for (int64_t i = 0; i < 8; i++)
        assert_int_equal(tap->seen[4 + i].offset, 2 + i);
    assert_int_equal(bus_end_offset(tap->consumer, 0), 10);
}

static void test_consume_starts_again_while_a_record_is_delivered(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 20);
    tap->restart_after = 5;
    tap_open(tap, &rig->a, BUS_WORK, "again");
    tap_expect_count(tap, 24);
    for (int64_t i = 0; i < 24; i++)
        assert_int_equal(tap->seen[i].offset, i < 5 ? i : i - 4);
}

static void test_consume_finish_after_starting_again_commits_from_there(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 10);
    tap_open(tap, &rig->a, BUS_WORK, "back");
    tap_expect_count(tap, 10);
    finish(tap, 0, 0, 10);
    tap_expect_committed(tap, 0, 10);
    bus_start(tap->consumer, 0, 3);
    tap_expect_count(tap, 17);
    finish(tap, 0, 3, 6);
    tap_expect_committed(tap, 0, 6);
}

static void test_consume_without_a_group_commits_nothing(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_TIMER, 1, 0, 5);
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_TIMER, "");
    tap_expect_count(tap, 5);
    reopen(rig);
    tap = tap_new(rig);
    tap_open(tap, &rig->a, BUS_TIMER, "");
    tap_expect_count(tap, 5);
    assert_int_equal(tap->seen[0].offset, 0);
}

static void test_consume_pause_stops_and_resume_goes_on(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 500);
    tap->pause_at = 3;
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "pause");
    /* Each of these takes many turns; the rest of the pausing turn is over after the first. */
    (void)publish_samples(&rig->a, BUS_EVENT, 0, 0, 1);
    assert_true(tap_wait_count(tap, 3));
    (void)publish_samples(&rig->a, BUS_EVENT, 0, 1, 1);
    size_t count = tap->count;
    assert_in_range(count, 3, 499);
    for (unsigned i = 0; i < 10; i++)
        (void)publish_samples(&rig->a, BUS_EVENT, 0, 2 + i, 1);
    assert_int_equal(tap->count, count);
    bus_resume(tap->consumer);
    tap_expect_count(tap, 500);
    for (int64_t i = 0; i < 500; i++)
        assert_int_equal(tap->seen[i].offset, i);
    tap_expect_committed(tap, 0, 500);
}

static void test_consume_sees_what_is_published_later(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "later");
    tap_expect_owned(tap, (size_t)bus_partitions(rig->a.bus, BUS_WORK));
    for (unsigned i = 0; i < 20; i++) {
        (void)publish_samples(&rig->a, BUS_WORK, (int32_t)(i % 4), i, 1);
        tap_expect_count(tap, i + 1);
    }
}

static void test_consume_more_than_any_window_flows_while_it_is_finished(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 9000);
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "window");
    tap_expect_count(tap, 9000);
    tap_expect_committed(tap, 0, 9000);
}

int consume_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_consume_finish_in_any_order_commits_the_lowest_unfinished),
        RIG_TEST(test_consume_restarts_from_the_watermark),
        RIG_TEST(test_consume_leaving_commits_what_was_finished_last),
        RIG_TEST(test_consume_starts_at_an_offset_and_again),
        RIG_TEST(test_consume_starts_again_while_a_record_is_delivered),
        RIG_TEST(test_consume_finish_after_starting_again_commits_from_there),
        RIG_TEST(test_consume_without_a_group_commits_nothing),
        RIG_TEST(test_consume_pause_stops_and_resume_goes_on),
        RIG_TEST(test_consume_sees_what_is_published_later),
        RIG_TEST(test_consume_more_than_any_window_flows_while_it_is_finished),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
