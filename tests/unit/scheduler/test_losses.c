/* SPDX-License-Identifier: Apache-2.0
 * Redis or the log misbehave: timers may be late, and never lost. */
#include "unit/scheduler/fixture.h"

#include "proto/record.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static int64_t in_ms(int64_t ms)
{
    return clock_wall_ms() + ms;
}

static void test_flushall_is_noticed_and_rebuilt(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t waiting = fixture_defer(&fixture, "waiting", in_ms(HOUR_MS));
    int64_t fired = fixture_defer(&fixture, "fired", in_ms(0));
    fixture_wait_for_work(&fixture, 1);
    fixture_wait_applied(&fixture, "waiting", waiting);
    assert_string_equal(fixture_ask(&fixture, "", "FLUSHALL"), "OK");
    /* Nothing comes from the log: only the regular look can notice it. */
    fixture_wait_applied(&fixture, "waiting", waiting);
    fixture_wait_applied(&fixture, "fired", fired);
    assert_string_equal(fixture_ask(&fixture, "waiting", "ZCARD t:{s}:due"), "1");
    /* It has no tombstone: for all we know its work record was lost. It fires again, after the
     * grace, with the same fence. */
    fixture_wait_for_work(&fixture, 2);
    assert_true(fixture_metric(&fixture, 0, "scheduler_rebuilds_total{reason=\"missing\"}") >= 2);
    fixture_end(&fixture);
}

static void test_killed_redis_comes_back_empty_and_nothing_is_lost(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t before = fixture_defer(&fixture, "before", in_ms(1000));
    fixture_wait_applied(&fixture, "before", before);
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, !fixture.roles[0].state.is_ready);
    (void)fixture_defer(&fixture, "meanwhile", in_ms(100));
    private_redis_again(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.roles[0].state.is_ready && redis_is_up(fixture.redis));
    (void)fixture_defer(&fixture, "after", in_ms(100));
    fixture_wait_for_work(&fixture, 3);
    fixture_end(&fixture);
}

static void test_frozen_redis_only_delays(void **state)
{
    static const char *const more[] = {"redis.timeout_ms=100", NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, more);
    private_redis_freeze(&fixture.server);
    (void)fixture_defer(&fixture, "p1", in_ms(100));
    WAIT_FOR(fixture.loop, !fixture.roles[0].state.is_ready);
    private_redis_thaw(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.roles[0].state.is_ready);
    fixture_wait_for_work(&fixture, 1);
    fixture_end(&fixture);
}

static void test_index_that_fell_back_is_replayed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t first = fixture_defer(&fixture, "p1", in_ms(HOUR_MS));
    fixture_wait_applied(&fixture, "p1", first);
    int64_t second = fixture_defer(&fixture, "p1", in_ms(2 * HOUR_MS));
    fixture_wait_applied(&fixture, "p1", second);
    /* What a failover to a replica that lagged looks like. */
    (void)fixture_ask(&fixture, "p1", "DEL t:{s}:due t:{s}:item");
    (void)fixture_ask(&fixture, "p1", "SET t:{s}:offset 0");
    fixture_wait_applied(&fixture, "p1", second);
    assert_string_equal(fixture_ask(&fixture, "p1", "ZCARD t:{s}:due"), "1");
    fixture_end(&fixture);
}

static void test_index_ahead_of_the_log_is_void(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin(&fixture, NULL);
    (void)fixture_defer(&fixture, "p1", in_ms(100));
    assert_string_equal(fixture_ask(&fixture, "p1", "SET t:{s}:offset 999"), "OK");
    (void)fixture_ask(&fixture, "p1", "ZADD t:{s}:due 1 ghost");
    (void)fixture_ask(&fixture, "p1", "HSET t:{s}:item ghost 5:boo");
    fixture_start(&fixture, 0);
    fixture_wait_for_work(&fixture, 1);
    assert_string_equal(fixture_ask(&fixture, "p1", "HEXISTS t:{s}:item ghost"), "0");
    assert_int_equal(
        fixture_metric(&fixture, 0, "scheduler_rebuilds_total{reason=\"log_shorter\"}"), 1);
    fixture_end(&fixture);
}

static void test_damaged_item_rebuilds_the_shard(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t offset = fixture_defer(&fixture, "p1", in_ms(1500));
    fixture_wait_applied(&fixture, "p1", offset);
    (void)fixture_ask(&fixture, "p1", "HSET t:{s}:item p1 0:rubbish");
    fixture_wait_for_work(&fixture, 1); /* from the log, not from the rubbish */
    fixture_end(&fixture);
}

static void test_full_redis_takes_nothing_until_there_is_room(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t early = fixture_defer(&fixture, "early", in_ms(500));
    fixture_wait_applied(&fixture, "early", early);
    assert_string_equal(fixture_ask(&fixture, "", "CONFIG SET maxmemory 1"), "OK");
    (void)fixture_defer(&fixture, "refused", in_ms(100));
    fixture_wait_for_work(&fixture, 1); /* what is inside drains */
    assert_string_equal(fixture_ask(&fixture, "", "CONFIG SET maxmemory 0"), "OK");
    fixture_wait_for_work(&fixture, 2);
    fixture_end(&fixture);
}

static void test_refused_publication_is_repeated(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    bus_fake_fail(fixture.hub, BUS_WORK, 1, ERR_RETRY, false);
    (void)fixture_defer(&fixture, "p1", in_ms(50));
    fixture_wait_for_work(&fixture, 1);
    /* Stored and not told: the copy carries the same fence. */
    bus_fake_fail(fixture.hub, BUS_WORK, 1, ERR_RETRY, true);
    (void)fixture_defer(&fixture, "p2", in_ms(50));
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_WORK) == 3);
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "p2", "ZCARD t:{s}:fired"), "0") == 0);
    assert_int_equal(fixture_metric(&fixture, 0, "scheduler_fired_total"), 2);
    fixture_end(&fixture);
}

static void test_absent_broker_keeps_timers_waiting(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    int64_t offset = fixture_defer(&fixture, "p1", in_ms(300));
    fixture_wait_applied(&fixture, "p1", offset);
    bus_fake_drop_broker(fixture.hub, true);
    WAIT_FOR(fixture.loop, !fixture.roles[0].state.is_ready);
    assert_int_equal(bus_fake_count(fixture.hub, BUS_WORK), 0);
    bus_fake_drop_broker(fixture.hub, false);
    fixture_wait_for_work(&fixture, 1);
    assert_string_equal(fixture_ask(&fixture, "p1", "HLEN t:{s}:item"), "1");
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flushall_is_noticed_and_rebuilt),
        cmocka_unit_test(test_killed_redis_comes_back_empty_and_nothing_is_lost),
        cmocka_unit_test(test_frozen_redis_only_delays),
        cmocka_unit_test(test_index_that_fell_back_is_replayed),
        cmocka_unit_test(test_index_ahead_of_the_log_is_void),
        cmocka_unit_test(test_damaged_item_rebuilds_the_shard),
        cmocka_unit_test(test_full_redis_takes_nothing_until_there_is_room),
        cmocka_unit_test(test_refused_publication_is_repeated),
        cmocka_unit_test(test_absent_broker_keeps_timers_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
