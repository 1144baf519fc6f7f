/* SPDX-License-Identifier: Apache-2.0
 * From the timer topic through Redis and back to work: what fires, when, and with what. */
#include "unit/scheduler/fixture.h"

#include "bus/place.h"
#include "proto/record.h"
#include "unit/proto/sample.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static int64_t in_ms(int64_t ms)
{
    return clock_wall_ms() + ms;
}

/* The index-th work record. */
static struct record_work work_at(struct fixture *fixture, struct arena *arena, size_t index,
                                  struct bus_delivery *ret_delivery)
{
    struct record_work work;
    struct err err;

    assert_true(bus_fake_record(fixture->hub, BUS_WORK, index, ret_delivery));
    assert_int_equal(record_get_work(arena, ret_delivery->value, &work, &err), 0);
    return work;
}

static void test_due_timer_becomes_work_with_its_fence(void **state)
{
    struct fixture fixture;
    struct arena *arena = arena_new(4096);
    struct bus_delivery delivery;
    struct work_settings settings = {.fanout = 4}; /* its default */

    (void)state;
    fixture_begin_started(&fixture, NULL);
    (void)fixture_defer(&fixture, "p1", in_ms(HOUR_MS)); /* so that the fence is not 0 */
    (void)fixture_tombstone(&fixture, "p1");
    int64_t due_ms = in_ms(300);
    int64_t fence = fixture_defer(&fixture, "p1", due_ms);
    fixture_wait_for_work(&fixture, 1);
    struct record_work work = work_at(&fixture, arena, 0, &delivery);
    assert_in_range(delivery.stored_at_ms, due_ms, due_ms + 800); /* less than the regular look */
    struct record_work expected =
        *sample_work_with_ref(arena); /* attempt and the rest as deferred */
    expected.parcel_id = SLICE("p1");
    expected.fence = fence;
    expected.fence_shard = fixture_shard(&fixture, "p1");
    assert_true(expected.has_fence);
    assert_true(sample_work_eq(&work, &expected));
    assert_true(slice_eq(delivery.key, work.destination));
    assert_int_equal(delivery.partition, bus_place_of_repeatable(fixture.bus, &settings, &work));
    /* Acknowledged: no lease, the fence stays for the sender's check. */
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "p1", "ZCARD t:{s}:fired"), "0") == 0);
    assert_string_equal(fixture_ask(&fixture, "p1", "HGET t:{s}:item p1"), "2:");
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_fired_total"), 1);
    arena_free(&arena);
    fixture_end(&fixture);
}

static void test_only_the_newest_timer_fires_and_none_after_a_tombstone(void **state)
{
    struct fixture fixture;
    struct arena *arena = arena_new(4096);
    struct bus_delivery delivery;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    (void)fixture_defer(&fixture, "gone", in_ms(200));
    (void)fixture_defer(&fixture, "moved", in_ms(200));
    (void)fixture_tombstone(&fixture, "gone");
    int64_t fence = fixture_defer(&fixture, "moved", in_ms(500));
    fixture_wait_for_work(&fixture, 1);
    struct record_work work = work_at(&fixture, arena, 0, &delivery);
    assert_true(slice_eq(work.parcel_id, SLICE("moved")));
    assert_int_equal(work.fence, fence);
    arena_free(&arena);
    fixture_end(&fixture);
}

static void test_backlog_fires_completely_and_once(void **state)
{
    static const char *const more[] = {"scheduler.pop_limit=7", NULL};
    struct fixture fixture;
    struct buf id = {0};

    (void)state;
    fixture_begin(&fixture, more);
    for (size_t i = 0; i < 100; i++) {
        buf_clear(&id);
        buf_addf(&id, "p%zu", i);
        (void)fixture_defer(&fixture, buf_str(&id), in_ms(-1000));
    }
    /* A new index: the timers are overdue and get the grace of a rebuild first. */
    fixture_start(&fixture, 0);
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_WORK) >= 100);
    (void)fixture_defer(&fixture, "last", in_ms(50));
    fixture_wait_for_work(&fixture, 101);
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_fired_total"), 101);
    buf_free(&id);
    fixture_end(&fixture);
}

static void test_poison_goes_to_dead_and_the_shard_goes_on(void **state)
{
    struct fixture fixture;
    struct buf other = {0};
    struct bus_delivery dead;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    (void)fixture_timer_bytes(&fixture, "p1", SLICE("\x01rubbish"));
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_DEAD) == 1);
    fixture_put_timer(&other, "another", in_ms(0));
    int64_t offset = fixture_timer_bytes(&fixture, "p1", buf_slice(&other));
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_DEAD) == 2);
    fixture_wait_applied(&fixture, "p1", offset); /* poison moves the offset, too */
    (void)fixture_defer(&fixture, "p1", in_ms(50));
    fixture_wait_for_work(&fixture, 1);
    assert_true(bus_fake_record(fixture.hub, BUS_DEAD, 0, &dead));
    assert_true(slice_eq(dead.key, SLICE("p1")));
    assert_true(slice_ends_nocase(dead.value, SLICE("\x01rubbish")));
    assert_int_equal(
        fixture_metric(&fixture, 0, "dead_records_total{topic=\"timer\",reason=\"invalid\"}"), 2);
    buf_free(&other);
    fixture_end(&fixture);
}

static void test_gauges_tell_what_waits(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    WAIT_FOR(fixture.loop,
             fixture_metric(&fixture, 0, "scheduler_shards_owned") == FIXTURE_PARTITIONS);
    (void)fixture_defer(&fixture, "p1", in_ms(HOUR_MS));
    (void)fixture_defer(&fixture, "p2", in_ms(HOUR_MS));
    WAIT_FOR(fixture.loop, fixture_metric(&fixture, 0, "scheduler_timers{state=\"waiting\"}") == 2);
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_timers{state=\"fired\"}"), 0);
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_oldest_due_seconds"), 0);
    assert_int_equal(fixture_metric(&fixture, 0, "redis_connected{role=\"scheduler\"}"), 1);
    fixture_end(&fixture);
}

static void test_small_buffer_pauses_and_loses_nothing(void **state)
{
    static const char *const more[] = {"scheduler.buffer=1048576", NULL};
    struct fixture fixture;
    struct buf id = {0};

    (void)state;
    fixture_begin(&fixture, more);
    for (size_t i = 0; i < 3000; i++) {
        buf_clear(&id);
        buf_addf(&id, "p%zu", i);
        (void)fixture_defer(&fixture, buf_str(&id), in_ms(HOUR_MS));
    }
    fixture_start(&fixture, 0);
    WAIT_FOR(fixture.loop,
             fixture_metric(&fixture, 0, "scheduler_timers{state=\"waiting\"}") == 3000);
    buf_free(&id);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_timer_becomes_work_with_its_fence),
        cmocka_unit_test(test_only_the_newest_timer_fires_and_none_after_a_tombstone),
        cmocka_unit_test(test_backlog_fires_completely_and_once),
        cmocka_unit_test(test_poison_goes_to_dead_and_the_shard_goes_on),
        cmocka_unit_test(test_gauges_tell_what_waits),
        cmocka_unit_test(test_small_buffer_pauses_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
