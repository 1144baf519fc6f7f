/* SPDX-License-Identifier: Apache-2.0
 * Contract of scan.h: whole topics from the oldest record on, by a bystander. */
#include "base/xalloc.h"
#include "contract/rig.h"
#include "contract/suite.h"

#define SAMPLES 40

struct look {
    struct scan *scan;
    size_t count[BUS_TOPICS];
    int64_t next_offset[BUS_TOPICS][RIG_PARTITIONS];
    bool has_last;
};

static void on_record(void *owner, enum bus_topic topic, const struct bus_delivery *delivery)
{
    struct look *look = owner;

    assert_in_range(delivery->partition, 0, RIG_PARTITIONS - 1);
    int64_t *next_offset = &look->next_offset[topic][delivery->partition];
    assert_true(delivery->offset >= *next_offset);
    assert_true(delivery->stored_at_ms > 0);
    *next_offset = delivery->offset + 1;
    look->count[topic]++;
    look->has_last |=
        slice_eq(delivery->key, SLICE("last")) && slice_eq(delivery->value, SLICE("v"));
}

static void open_look(struct rig *rig, struct look *look)
{
    static const enum bus_topic topics[] = {BUS_WORK, BUS_EVENT};

    *look = (struct look){.scan = place_scan(rig->place, topics, 2)};
    assert_non_null(look->scan);
    assert_false(scan_is_at_end(look->scan));
    assert_int_equal(scan_read_to_ms(look->scan), 0);
}

static void close_look(struct look *look)
{
    scan_free(&look->scan);
    assert_null(look->scan);
}

struct wish {
    struct look *look;
    size_t work, events;
};

static bool has_read(void *owner)
{
    const struct wish *wish = owner;
    const struct scan_ops ops = {.on_record = on_record, .owner = wish->look};
    struct err err;

    if (scan_read(wish->look->scan, 20, &ops, &err))
        assert_int_equal(err.kind, ERR_RETRY);
    return wish->look->count[BUS_WORK] >= wish->work &&
           wish->look->count[BUS_EVENT] >= wish->events &&
           scan_read_to_ms(wish->look->scan) == INT64_MAX;
}

/* Reads until there is nothing more, and there were as many as that. */
static void expect_read(struct rig *rig, struct look *look, size_t work, size_t events)
{
    struct wish wish = {look, work, events};

    assert_true(rig_wait(rig, has_read, &wish));
    assert_true(scan_is_at_end(look->scan));
    assert_int_equal(look->count[BUS_WORK], work);
    assert_int_equal(look->count[BUS_EVENT], events);
}

/* A log that no process has open. */
static void test_scan_reads_what_is_stored(void **state)
{
    struct rig *rig = *state;
    const struct bus_record last = {.topic = BUS_EVENT, .key = SLICE("last"), .body = SLICE("v")};
    struct look look;

    for (int32_t i = 0; i < 4; i++)
        (void)publish_samples(&rig->a, BUS_WORK, i, 0, SAMPLES);
    (void)publish_samples(&rig->a, BUS_BODY, 0, 0, SAMPLES); /* not asked for */
    (void)publish_samples(&rig->a, BUS_EVENT, 0, 0, SAMPLES);
    assert_true(publish(&rig->a, &last).ok);
    side_close(&rig->a);
    open_look(rig, &look);
    expect_read(rig, &look, (size_t)4 * SAMPLES, SAMPLES + 1);
    for (int32_t i = 0; i < 4; i++)
        assert_int_equal(look.next_offset[BUS_WORK][i], SAMPLES);
    assert_true(look.has_last);
    close_look(&look);
    side_open(rig, &rig->a);
}

static void test_scan_of_an_empty_log_ends(void **state)
{
    struct rig *rig = *state;
    struct look look;

    side_close(&rig->a);
    open_look(rig, &look);
    expect_read(rig, &look, 0, 0);
    close_look(&look);
    side_open(rig, &rig->a);
}

static void test_scan_hands_on_a_batch_at_most(void **state)
{
    struct rig *rig = *state;
    struct look look;
    struct err err;

    (void)publish_samples(&rig->a, BUS_WORK, 0, 0, SCAN_BATCH + SAMPLES);
    side_close(&rig->a);
    open_look(rig, &look);
    const struct scan_ops ops = {.on_record = on_record, .owner = &look};
    while (look.count[BUS_WORK] == 0)
        (void)!scan_read(look.scan, 20, &ops, &err);
    assert_in_range(look.count[BUS_WORK], 1, SCAN_BATCH);
    assert_false(scan_is_at_end(look.scan));
    expect_read(rig, &look, SCAN_BATCH + SAMPLES, 0);
    close_look(&look);
    side_open(rig, &rig->a);
}

/* A log that is in use: what is stored meanwhile comes, and no service notices. */
static void test_scan_follows_a_log_in_use(void **state)
{
    struct rig *rig = *state;
    struct tap *tap = tap_new(rig);
    struct look look;

    if (!BACKEND.is_scanned_in_process)
        skip();
    tap->finishes = true;
    tap_open(tap, &rig->a, BUS_WORK, "group");
    (void)publish_samples(&rig->a, BUS_WORK, 1, 0, SAMPLES);
    tap_expect_count(tap, SAMPLES);
    open_look(rig, &look);
    expect_read(rig, &look, SAMPLES, 0);
    (void)publish_samples(&rig->a, BUS_WORK, 2, 0, SAMPLES);
    (void)publish_samples(&rig->a, BUS_EVENT, 0, 0, 1);
    expect_read(rig, &look, (size_t)2 * SAMPLES, 1);
    tap_expect_count(tap, (size_t)2 * SAMPLES);
    assert_int_equal(tap_owned(tap), (size_t)bus_partitions(rig->a.bus, BUS_WORK));
    close_look(&look);
}

int scan_tests(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_scan_reads_what_is_stored),
        RIG_TEST(test_scan_of_an_empty_log_ends),
        RIG_TEST(test_scan_hands_on_a_batch_at_most),
        RIG_TEST(test_scan_follows_a_log_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
