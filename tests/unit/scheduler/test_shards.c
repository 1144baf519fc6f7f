/* SPDX-License-Identifier: Apache-2.0
 * Shards come and go: two schedulers, drain, lost partitions, the lease of a scheduler that died.
 */
#include "unit/scheduler/fixture.h"

#include <stdlib.h>

#include "redis/timer_index.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static int64_t in_ms(int64_t ms)
{
    return clock_wall_ms() + ms;
}

static void test_two_schedulers_share_and_hand_over(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    (void)fixture_defer(&fixture, "p1", in_ms(2000));
    (void)fixture_defer(&fixture, "p2", in_ms(2000));
    fixture_start(&fixture, 1);
    WAIT_FOR(fixture.loop,
             fixture_metric(&fixture, 0, "scheduler_shards_owned") == FIXTURE_PARTITIONS / 2 &&
                 fixture_metric(&fixture, 1, "scheduler_shards_owned") == FIXTURE_PARTITIONS / 2);
    (void)fixture_defer(&fixture, "p3", in_ms(100));
    (void)fixture_defer(&fixture, "p4", in_ms(100));
    (void)fixture_defer(&fixture, "p5", in_ms(100));
    (void)fixture_defer(&fixture, "p6", in_ms(100));
    fixture_wait_for_work(&fixture, 4);
    fixture_drain(&fixture, 0);
    WAIT_FOR(fixture.loop,
             fixture_metric(&fixture, 1, "scheduler_shards_owned") == FIXTURE_PARTITIONS);
    fixture_wait_for_work(&fixture, 6);
    fixture_end(&fixture);
}

static void test_drain_returns_what_was_not_published(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    bus_fake_fail(fixture.hub, BUS_WORK, 1, ERR_RETRY, false);
    (void)fixture_defer(&fixture, "p1", in_ms(0));
    /* The publication was refused and waits for its repetition: the next one will do it. */
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "p1", "ZCARD t:{s}:fired"), "1") == 0);
    fixture_drain(&fixture, 0);
    assert_string_equal(fixture_ask(&fixture, "p1", "ZCARD t:{s}:fired"), "0");
    assert_string_equal(fixture_ask(&fixture, "p1", "ZCARD t:{s}:due"), "1");
    assert_int_equal(bus_fake_count(fixture.hub, BUS_WORK), 0);
    fixture_start(&fixture, 0);
    fixture_wait_for_work(&fixture, 1);
    fixture_end(&fixture);
}

static void test_lost_shard_returns_what_was_not_published(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    bus_fake_fail(fixture.hub, BUS_WORK, SIZE_MAX, ERR_RETRY, false);
    (void)fixture_defer(&fixture, "p1", in_ms(0));
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "p1", "ZCARD t:{s}:fired"), "1") == 0);
    bus_fake_lose(fixture.hub, BUS_TIMER, fixture_shard(&fixture, "p1"));
    bus_fake_fail(fixture.hub, BUS_WORK, 0, ERR_RETRY, false);
    fixture_wait_for_work(&fixture, 1); /* long before the lease ends */
    fixture_end(&fixture);
}

static void test_lost_partition_is_taken_up_again(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t offset = fixture_defer(&fixture, "p1", in_ms(1000));
    fixture_wait_applied(&fixture, "p1", offset);
    bus_fake_lose(fixture.hub, BUS_TIMER, fixture_shard(&fixture, "p1"));
    (void)fixture_defer(&fixture, "p1", in_ms(200));
    fixture_wait_for_work(&fixture, 1);
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_shards_owned"), FIXTURE_PARTITIONS);
    fixture_end(&fixture);
}

struct popped {
    bool is_done;
    size_t count;
};

static void on_applied(void *owner, enum timer_index_result result, size_t count)
{
    struct popped *popped = owner;

    assert_int_equal(result, TIMER_INDEX_OK);
    popped->count = count;
    popped->is_done = true;
}

static void on_popped(void *owner, enum timer_index_result result,
                      const struct timer_index_due *items, size_t count,
                      const struct timer_index_figures *figures)
{
    (void)items;
    (void)figures;
    on_applied(owner, result, count);
}

/* As a scheduler that died between POP and publication left it: applied, fired, lease over. */
static void leave_lease(struct fixture *fixture, const char *parcel_id)
{
    int32_t shard = fixture_shard(fixture, parcel_id);
    struct buf value = {0};
    struct popped applied = {0}, popped = {0};
    struct timer_index_call apply = {.owner = &applied, .on_done = on_applied};
    struct timer_index_call pop = {.owner = &popped, .on_popped = on_popped};

    fixture_put_timer(&value, parcel_id, 1000);
    struct timer_index_entry entry = {
        .offset = fixture_timer_bytes(fixture, parcel_id, buf_slice(&value)),
        .parcel_id = slice_str(parcel_id),
        .due_ms = 1000,
        .timer = buf_slice(&value)};
    struct timer_index_batch batch = {
        .entries = &entry, .count = 1, .expected_offset = -1, .last_offset = entry.offset};
    timer_index_apply(fixture->redis, &apply, shard, &batch);
    timer_index_pop(fixture->redis, &pop, shard, 1, -1);
    WAIT_FOR(fixture->loop, applied.is_done && popped.is_done);
    assert_int_equal(popped.count, 1);
    buf_free(&value);
}

static void test_lease_of_a_dead_scheduler_returns(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture, NULL);
    leave_lease(&fixture, "p1");
    fixture_start(&fixture, 0);
    fixture_wait_for_work(&fixture, 1);
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_leases_lost_total"), 1);
    fixture_end(&fixture);
}

static void test_restarted_scheduler_continues_from_the_index(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t offset = fixture_defer(&fixture, "p1", in_ms(HOUR_MS));
    fixture_wait_applied(&fixture, "p1", offset);
    fixture_drain(&fixture, 0);
    (void)fixture_defer(&fixture, "p2", in_ms(0)); /* due while nobody is there */
    fixture_start(&fixture, 0);
    fixture_wait_for_work(&fixture, 1); /* at once: it cannot have fired */
    assert_true(fixture_metric(&fixture, 0, "scheduler_rebuilds_total{reason=\"missing\"}") <
                FIXTURE_PARTITIONS);
    fixture_end(&fixture);
}

static void test_shard_that_never_had_a_timer_is_not_a_lost_one(void **state)
{
    static const char *const more[] = {"scheduler.rebuild_grace_ms=600000", NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, more);
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "p1", "GET t:{s}:grace"), "0") == 0);
    fixture_drain(&fixture, 0);
    (void)fixture_defer(&fixture, "p1", in_ms(0)); /* the first one, due while nobody is there */
    fixture_start(&fixture, 0);
    fixture_wait_for_work(&fixture, 1);
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_rebuilds_total{reason=\"missing\"}"),
                     -1);
    fixture_end(&fixture);
}

/* As a scheduler that died in a rebuild left it: one of two timers applied, both may have fired. */
static void test_rebuild_that_changes_hands_keeps_its_grace(void **state)
{
    static const char *const more[] = {"scheduler.rebuild_grace_ms=600000", NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture, more);
    int64_t applied = fixture_defer(&fixture, "p1", in_ms(HOUR_MS));
    int64_t fired = fixture_defer(&fixture, "p1", in_ms(0));
    assert_int_equal(applied, 0);
    (void)fixture_ask(&fixture, "p1", "SET t:{s}:offset 0");
    (void)fixture_ask(&fixture, "p1", "SET t:{s}:grace 2");
    fixture_start(&fixture, 0);
    fixture_wait_applied(&fixture, "p1", fired);
    int64_t due_ms = strtoll(fixture_ask(&fixture, "p1", "ZSCORE t:{s}:due p1"), NULL, 10);
    assert_true(due_ms > in_ms(500000));
    fixture_end(&fixture);
}

static void test_end_without_drain_frees_everything(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    bus_fake_hold(fixture.hub, true);
    private_redis_freeze(&fixture.server);
    for (int i = 0; i < 20; i++)
        loop_turn(fixture.loop, 5);
    scheduler_role.free(&fixture.roles[0].role);
    metrics_free(&fixture.roles[0].env.metrics);
    private_redis_thaw(&fixture.server);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_schedulers_share_and_hand_over),
        cmocka_unit_test(test_drain_returns_what_was_not_published),
        cmocka_unit_test(test_lost_shard_returns_what_was_not_published),
        cmocka_unit_test(test_lost_partition_is_taken_up_again),
        cmocka_unit_test(test_lease_of_a_dead_scheduler_returns),
        cmocka_unit_test(test_restarted_scheduler_continues_from_the_index),
        cmocka_unit_test(test_shard_that_never_had_a_timer_is_not_a_lost_one),
        cmocka_unit_test(test_rebuild_that_changes_hands_keeps_its_grace),
        cmocka_unit_test(test_end_without_drain_frees_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
