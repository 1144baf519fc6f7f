/* SPDX-License-Identifier: Apache-2.0
 * What only bus_kafka promises, on a real broker: the retention guard, and that a second process
 * with the same instance id takes everything from the first. */
#include "bus/figures.h"
#include "bus/kafka/topics.h"
#include "contract/kafka_backend.h"
#include "contract/rig.h"

static void open_bus(struct rig *rig, struct side *side)
{
    struct err err;

    side->rig = rig;
    side->hub = place_open(rig->place);
    assert_int_equal(bus_new(side->hub, rig->loop, "broker", BUS_PROMPT, &side->bus, &err), 0);
}

static bool is_refused(void *owner)
{
    const char *why = "";
    bool is_ready = bus_is_ready(((struct side *)owner)->bus, &why);

    return !is_ready && strstr(why, "retention.ms=172800000") && strstr(why, "691200000");
}

static void test_broker_retention_below_the_longest_period_is_refused(void **state)
{
    struct rig *rig = *state;

    kafka_place_settings(rig->place)->longest_period_s = 7L * 86400;
    open_bus(rig, &rig->b);
    assert_true(rig_wait(rig, is_refused, &rig->b));
}

static bool is_missing(void *owner)
{
    const char *why = "";
    bool is_ready = bus_is_ready(((struct side *)owner)->bus, &why);

    return !is_ready && strstr(why, "nowhere.work") && strstr(why, "hikyakuctl topics apply");
}

static void test_broker_missing_topics_are_named(void **state)
{
    struct rig *rig = *state;

    kafka_place_settings(rig->place)->topic_prefix = "nowhere.";
    open_bus(rig, &rig->b);
    assert_true(rig_wait(rig, is_missing, &rig->b));
}

static bool owns_nothing(void *owner)
{
    return tap_owned(owner) == 0;
}

static void test_broker_second_process_with_the_same_instance_id_fences_the_first(void **state)
{
    struct rig *rig = *state;
    size_t partitions = (size_t)bus_partitions(rig->a.bus, BUS_WORK);

    kafka_place_settings(rig->place)->instance_id = "pod-0";
    side_close(&rig->a);
    side_open(rig, &rig->a);
    struct tap *first = tap_new(rig);
    tap_open(first, &rig->a, BUS_WORK, "static");
    tap_expect_owned(first, partitions);
    side_open(rig, &rig->b);
    struct tap *second = tap_new(rig);
    tap_open(second, &rig->b, BUS_WORK, "static");
    tap_expect_owned(second, partitions);
    assert_true(rig_wait(rig, owns_nothing, first));
    for (int32_t i = 0; i < (int32_t)partitions; i++) {
        assert_false(bus_owns(first->consumer, i));
        assert_true(bus_owns(second->consumer, i));
    }
}

static bool is_alone(void *owner)
{
    return tap_owned(owner) == 4;
}

/* Restarted within the session timeout: nothing moves to the other member meanwhile. */
static void test_broker_static_member_comes_back_to_its_partitions(void **state)
{
    struct rig *rig = *state;

    kafka_place_settings(rig->place)->instance_id = "pod-0";
    side_close(&rig->a);
    for (unsigned round = 0; round < 2; round++) {
        side_open(rig, &rig->a);
        struct tap *tap = tap_new(rig);
        tap_open(tap, &rig->a, BUS_WORK, "static");
        assert_true(rig_wait(rig, is_alone, tap));
        (void)publish_samples(&rig->a, BUS_WORK, 0, round, 1);
        tap->finishes = true;
        side_close(&rig->a);
    }
}

/* Whether the group notices the new topic or the consumer runs into its end: nothing is skipped. */
static void test_broker_topic_created_again_is_read_from_its_first_record(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);

    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "renewed");
    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, 5);
    tap_expect_count(tap, 5);
    tap_expect_committed(tap, 0, 5);
    kafka_place_renew(rig->place, BUS_WORK);
    side_open(rig, &rig->b); /* the producer of a knows the old topic */
    (void)publish_samples(&rig->b, BUS_WORK, 0, 5, 2);
    tap_expect_count(tap, 7);
    tap_expect_committed(tap, 0, 2);
}

/* The owner is told by a loss; where it insists on the place, all that there is comes. */
static void test_broker_place_beyond_the_end_becomes_the_beginning(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);
    struct bus_stats stats;

    (void)publish_samples(&rig->a, BUS_CONFIG, 0, 0, 5);
    tap->start_at = 1000;
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_CONFIG, "beyond");
    tap_expect_count(tap, 5);
    tap_expect_committed(tap, 0, 5);
    bus_stats(rig->a.bus, &stats);
    assert_int_equal(stats.resets, 2);
}

int kafka_broker_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_broker_retention_below_the_longest_period_is_refused),
        RIG_TEST(test_broker_missing_topics_are_named),
        RIG_TEST(test_broker_second_process_with_the_same_instance_id_fences_the_first),
        RIG_TEST(test_broker_static_member_comes_back_to_its_partitions),
        RIG_TEST(test_broker_topic_created_again_is_read_from_its_first_record),
        RIG_TEST(test_broker_place_beyond_the_end_becomes_the_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
