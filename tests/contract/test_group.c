/* SPDX-License-Identifier: Apache-2.0
 * Contract of a group: two consumers share the partitions and hand them over; what is finished is
 * seen once, what is not finished is seen by the next owner. Two hubs where a process may have two,
 * else two buses of one. */
#include "base/xalloc.h"
#include "contract/rig.h"
#include "contract/suite.h"

struct pair {
    struct tap *first, *second;
    size_t partitions, records;
};

static bool is_shared(void *owner)
{
    const struct pair *pair = owner;

    return tap_owned(pair->first) > 0 && tap_owned(pair->second) > 0 &&
           tap_owned(pair->first) + tap_owned(pair->second) == pair->partitions;
}

static bool has_seen_all(void *owner)
{
    const struct pair *pair = owner;

    return pair->first->count + pair->second->count >= pair->records;
}

static struct tap *join(struct rig *rig, struct side *side, const char *group)
{
    struct tap *tap = tap_new(rig);

    tap->finishes = true;
    tap_open(tap, side, BUS_WORK, group);
    return tap;
}

static bool has_joined(void *owner)
{
    const struct tap *tap = owner;

    return bus_has_joined(tap->consumer);
}

static struct tap *join_failures(struct rig *rig, struct side *side)
{
    struct tap *tap = tap_new(rig);

    tap_open(tap, side, BUS_FAILURE, "standing-by");
    return tap;
}

/* The pair shares the partitions of work, side a first, then side b. */
static struct pair share(struct rig *rig, const char *group)
{
    struct pair pair = {.partitions = (size_t)bus_partitions(rig->a.bus, BUS_WORK)};

    pair.first = join(rig, &rig->a, group);
    tap_expect_owned(pair.first, pair.partitions);
    side_open(rig, &rig->b);
    pair.second = join(rig, &rig->b, group);
    assert_true(rig_wait(rig, is_shared, &pair));
    return pair;
}

static void publish_everywhere(struct rig *rig, unsigned first, unsigned count)
{
    for (int32_t i = 0; i < bus_partitions(rig->a.bus, BUS_WORK); i++)
        (void)publish_samples(&rig->a, BUS_WORK, i, first, count);
}

static void count_seen(const struct tap *tap, unsigned *times, size_t per_partition)
{
    for (size_t i = 0; i < tap->count; i++) {
        assert_in_range(tap->seen[i].offset, 0, per_partition - 1);
        times[(size_t)tap->seen[i].partition * per_partition + (size_t)tap->seen[i].offset]++;
    }
}

/* Each record once, whoever saw it. */
static void expect_each_once(const struct pair *pair, size_t per_partition)
{
    unsigned *times = xalloc(pair->partitions * per_partition * sizeof *times);

    count_seen(pair->first, times, per_partition);
    count_seen(pair->second, times, per_partition);
    for (size_t i = 0; i < pair->partitions * per_partition; i++)
        assert_int_equal(times[i], 1);
    xfree(times);
}

static void test_group_two_consumers_share_without_repeating(void **state)
{
    struct rig *rig = *state;

    publish_everywhere(rig, 0, 20);
    struct pair pair = share(rig, "sharing");
    for (int32_t i = 0; i < (int32_t)pair.partitions; i++)
        assert_true(pair.first->owned[i] != pair.second->owned[i]);
    publish_everywhere(rig, 20, 20);
    pair.records = 40 * pair.partitions;
    assert_true(rig_wait(rig, has_seen_all, &pair));
    expect_each_once(&pair, 40);
    assert_true(pair.second->count > 0);
}

/* More consumers than partitions: to get none is an answer, too. */
static void test_group_whoever_gets_nothing_has_joined_too(void **state)
{
    struct rig *rig = *state;
    struct tap *first = join_failures(rig, &rig->a), *second;

    assert_false(bus_has_joined(first->consumer)); /* nothing comes from inside the call */
    assert_true(rig_wait(rig, has_joined, first));
    tap_expect_owned(first, (size_t)bus_partitions(rig->a.bus, BUS_FAILURE));
    side_open(rig, &rig->b);
    second = join_failures(rig, &rig->b);
    assert_true(rig_wait(rig, has_joined, second));
}

static void test_group_what_one_leaves_the_other_takes(void **state)
{
    struct rig *rig = *state;

    publish_everywhere(rig, 0, 10);
    struct pair pair = share(rig, "leaving");
    pair.records = 10 * pair.partitions;
    assert_true(rig_wait(rig, has_seen_all, &pair));
    side_close(&rig->b);
    tap_expect_owned(pair.first, pair.partitions);
    publish_everywhere(rig, 10, 10);
    pair.records = 20 * pair.partitions;
    assert_true(rig_wait(rig, has_seen_all, &pair));
    expect_each_once(&pair, 20);
}

static bool is_any_revoked(void *owner)
{
    const struct tap *tap = owner;

    for (size_t i = 0; i < RIG_PARTITIONS; i++) {
        if (tap->revoked[i])
            return true;
    }
    return false;
}

/* Finishes all but the first record of each partition, then gives up what is revoked. */
static void finish_most_and_release(struct tap *tap)
{
    for (size_t i = 0; i < tap->count; i++) {
        if (tap->seen[i].offset > 0)
            bus_finish(tap->consumer, tap->seen[i].partition, tap->seen[i].offset);
    }
    tap->keeps = false;
    for (int32_t i = 0; i < RIG_PARTITIONS; i++) {
        if (!tap->revoked[i] || !tap->owned[i])
            continue;
        assert_true(bus_owns(tap->consumer, i));
        tap->owned[i] = false;
        bus_release(tap->consumer, i);
    }
}

static void test_group_revoked_partition_waits_for_its_release(void **state)
{
    struct rig *rig = *state;
    size_t partitions = (size_t)bus_partitions(rig->a.bus, BUS_WORK);
    struct tap *first = tap_new(rig);

    publish_everywhere(rig, 0, 5);
    first->keeps = true;
    tap_open(first, &rig->a, BUS_WORK, "release");
    tap_expect_count(first, 5 * partitions);
    side_open(rig, &rig->b);
    struct tap *second = join(rig, &rig->b, "release");
    assert_true(rig_wait(rig, is_any_revoked, first));
    assert_int_equal(second->count, 0);
    for (int32_t i = 0; i < RIG_PARTITIONS; i++)
        assert_false(first->revoked[i] && second->owned[i]);

    finish_most_and_release(first);
    struct pair pair = {.first = first, .second = second, .partitions = partitions};
    assert_true(rig_wait(rig, is_shared, &pair));
    assert_true(tap_wait_count(second, 5 * tap_owned(second)));
    for (int32_t i = 0; i < (int32_t)partitions; i++) {
        int64_t offsets[5];
        if (!second->owned[i])
            continue;
        assert_int_equal(tap_offsets(second, i, offsets, 5), 5); /* from the unfinished one on */
        assert_int_equal(offsets[0], 0);
    }
}

static void test_group_finishes_of_the_former_owner_are_ignored(void **state)
{
    struct rig *rig = *state;

    publish_everywhere(rig, 0, 3);
    struct pair pair = share(rig, "former");
    for (int32_t i = 0; i < (int32_t)pair.partitions; i++) {
        if (pair.second->owned[i]) {
            assert_false(bus_owns(pair.first->consumer, i));
            bus_finish(pair.first->consumer, i, 2);
            bus_release(pair.first->consumer, i);
            assert_true(bus_owns(pair.second->consumer, i));
        }
    }
    publish_everywhere(rig, 3, 1);
    pair.records = 4 * pair.partitions;
    assert_true(rig_wait(rig, has_seen_all, &pair));
    expect_each_once(&pair, 4);
}

/* The drain time of the settings is at least 5 s here: it does not count for who leaves. */
static void test_group_leaving_takes_as_long_as_it_may(void **state)
{
    struct rig *rig = *state;
    size_t partitions = (size_t)bus_partitions(rig->a.bus, BUS_WORK);
    struct tap *tap = tap_new(rig);

    publish_everywhere(rig, 0, 1);
    tap_open(tap, &rig->a, BUS_WORK, "slow");
    tap_expect_count(tap, partitions);
    assert_in_range(tap_close_holding(tap, 500), 490, 4500);
    assert_int_equal(tap_owned(tap), 0);
    assert_true(tap->revoked[0]);
}

int group_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_group_two_consumers_share_without_repeating),
        RIG_TEST(test_group_whoever_gets_nothing_has_joined_too),
        RIG_TEST(test_group_what_one_leaves_the_other_takes),
        RIG_TEST(test_group_revoked_partition_waits_for_its_release),
        RIG_TEST(test_group_leaving_takes_as_long_as_it_may),
        RIG_TEST(test_group_finishes_of_the_former_owner_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
