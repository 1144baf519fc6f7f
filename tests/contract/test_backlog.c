/* SPDX-License-Identifier: Apache-2.0
 * Contract of the figures about consuming: what waits, since when, and who counts it. */
#include "bus/figures.h"
#include "contract/rig.h"
#include "contract/suite.h"
#include "net/clock.h"

#define LONG_MS 1500 /* of a pause: Kafka is not fetched from any more */
#define DAY_MS  ((int64_t)24 * 3600 * 1000)

struct sum { /* of a topic, over its partitions */
    struct side *side;
    enum bus_topic topic;
    int64_t records, oldest_at_ms;
    int64_t wanted; /* records */
};

static void on_backlog(void *owner, const struct bus_backlog *backlog)
{
    struct sum *sum = owner;

    assert_true(backlog->records >= 0);
    assert_int_equal(backlog->records > 0, backlog->oldest_at_ms > 0);
    if (backlog->topic != sum->topic || backlog->records == 0)
        return;
    sum->records += backlog->records;
    if (sum->oldest_at_ms == 0 || backlog->oldest_at_ms < sum->oldest_at_ms)
        sum->oldest_at_ms = backlog->oldest_at_ms;
}

static void add_up(struct sum *sum)
{
    sum->records = sum->oldest_at_ms = 0;
    bus_each_backlog(sum->side->bus, on_backlog, sum);
}

static bool is_wanted(void *owner)
{
    struct sum *sum = owner;

    add_up(sum);
    return sum->records == sum->wanted;
}

/* What is published elsewhere is known after the next fetch only: not at once. */
static struct sum expect_backlog(struct side *side, int64_t records)
{
    struct sum sum = {.side = side, .topic = BUS_WORK, .wanted = records};

    (void)rig_wait(side->rig, is_wanted, &sum);
    assert_int_equal(sum.records, records);
    return sum;
}

static void test_backlog_is_what_was_not_finished(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);
    int64_t before_ms = clock_wall_ms();

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 10);
    (void)publish_samples(&rig->a, BUS_WORK, 1, 100, 3);
    int64_t after_ms = clock_wall_ms();
    tap_open(tap, &rig->a, BUS_WORK, "backlog");
    tap_expect_count(tap, 13);
    struct sum sum = expect_backlog(&rig->a, 13);
    assert_in_range(sum.oldest_at_ms, before_ms, after_ms);
    for (int64_t offset = 9; offset >= 0; offset--) /* the lowest one last: a watermark counts */
        bus_finish(tap->consumer, 0, offset);
    (void)expect_backlog(&rig->a, 3);
    for (int64_t offset = 0; offset < 3; offset++)
        bus_finish(tap->consumer, 1, offset);
    sum = expect_backlog(&rig->a, 0);
    assert_int_equal(sum.oldest_at_ms, 0);
}

static bool is_past(void *owner)
{
    return clock_monotonic_ms() > *(const uint64_t *)owner;
}

static void test_backlog_grows_with_what_is_published(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    tap->finishes = true;
    (void)publish_samples(&rig->a, BUS_WORK, 2, 0, 1);
    tap_open(tap, &rig->a, BUS_WORK, "grows");
    tap_expect_count(tap, 1);
    (void)expect_backlog(&rig->a, 0);
    bus_pause(tap->consumer);
    uint64_t until_ms = clock_monotonic_ms() + LONG_MS;
    assert_true(rig_wait(rig, is_past, &until_ms));
    (void)publish_samples(&rig->a, BUS_WORK, 2, 1, 200);
    (void)expect_backlog(&rig->a, 200 - ((int64_t)tap->count - 1));
    bus_resume(tap->consumer);
    (void)expect_backlog(&rig->a, 0);
    assert_int_equal(tap->count, 201);
}

static void test_backlog_is_counted_by_the_owner_alone(void **state)
{
    struct rig *rig = *state;
    struct tap *first = tap_new(rig), *second;

    for (int32_t p = 0; p < 4; p++)
        (void)publish_samples(&rig->a, BUS_WORK, p, (unsigned)p * 10, 5);
    tap_open(first, &rig->a, BUS_WORK, "owner");
    tap_expect_owned(first, 4);
    tap_expect_count(first, 20);
    (void)expect_backlog(&rig->a, 20);
    side_open(rig, &rig->b);
    second = tap_new(rig);
    tap_open(second, &rig->b, BUS_WORK, "owner");
    tap_expect_owned(second, 2);
    tap_expect_owned(first, 2);
    (void)expect_backlog(&rig->b, 10);
    (void)expect_backlog(&rig->a, 10);
}

static void test_backlog_can_be_compared_with_the_retention(void **state)
{
    struct rig *rig = *state;
    struct bus_stats stats;

    if (!BACKEND.is_durable)
        skip();
    bus_stats(rig->a.bus, &stats);
    assert_true(stats.retention_ms[BUS_WORK] > DAY_MS);
    assert_int_equal(stats.retention_ms[BUS_FAILURE], 7 * DAY_MS);
    assert_int_equal(stats.retention_ms[BUS_TIMER], 0); /* compacted: keeps its records */
}

int backlog_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_backlog_is_what_was_not_finished),
        RIG_TEST(test_backlog_grows_with_what_is_published),
        RIG_TEST(test_backlog_is_counted_by_the_owner_alone),
        RIG_TEST(test_backlog_can_be_compared_with_the_retention),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
