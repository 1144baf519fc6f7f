/* SPDX-License-Identifier: Apache-2.0
 * Partitions that go, processes that end: what is sent, what is left for the next owner. */
#include "unit/sender/fixture.h"

static void test_drain_waits_for_the_final_reply(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.holds_dots = true;
    work = fixture_work(&fixture, "mail1", "user");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    sender_role.drain(fixture.role);
    for (size_t i = 0; i < 20; i++)
        loop_turn(fixture.loop, 10);
    assert_false(fixture.state.is_drained);
    sink_answer(&fixture.sink);
    WAIT_FOR(fixture.loop, fixture.state.is_drained);
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture_events(&fixture), "delivered");
    assert_int_equal(bus_fake_committed(fixture.hub, BUS_WORK, "sender", 0), 1);
    assert_int_equal(fixture.sink.quits, 1);
    fixture_crash(&fixture);
    fixture_end(&fixture);
}

static void test_drain_leaves_what_has_not_begun(void **state)
{
    static const char *const MORE[] = {"sender.connections_per_destination=1", NULL};
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.says.mail = "-"; /* never answers: not past DATA */
    work = fixture_work(&fixture, "mail1", "user");
    (void)fixture_publish(&fixture, &work);
    work = fixture_work(&fixture, "mail2", "user");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, fixture.sink.connections == 1);
    fixture_stop(&fixture);
    assert_int_equal(fixture.sink.mail_count, 0);
    assert_string_equal(fixture_events(&fixture), "");
    fixture.sink.says.mail = NULL;
    fixture_start(&fixture);
    fixture_wait_finished(&fixture, 1);
    assert_int_equal(fixture.sink.mail_count, 2);
    fixture_end(&fixture);
}

static void test_lost_partition_is_sent_by_its_next_owner(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.greeting = "-";
    work = fixture_work(&fixture, "mail1", "user");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, fixture.sink.connections == 1);
    bus_fake_lose(fixture.hub, BUS_WORK, 0); /* and it is assigned to us again */
    fixture.sink.says.greeting = NULL;
    fixture_wait_finished(&fixture, 0);
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture_events(&fixture), "delivered");
    fixture_end(&fixture);
}

/* The zombie's case: the peer accepts while the partition is somebody else's already. */
static void test_lost_behind_the_dot_records_no_timer(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.holds_dots = true;
    fixture.sink.says.dot = "451 4.3.0 Later";
    work = fixture_work(&fixture, "mail1", "user");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    bus_fake_lose(fixture.hub, BUS_WORK, 0);
    for (size_t i = 0; i < 10; i++)
        loop_turn(fixture.loop, 10);
    sink_answer(&fixture.sink); /* the old one is deferred: not recorded, read again instead */
    fixture.sink.says.dot = NULL;
    fixture.sink.holds_dots = false;
    fixture_wait_finished(&fixture, 0);
    assert_int_equal(fixture.sink.mail_count, 1);
    for (size_t i = 0; i < bus_fake_count(fixture.hub, BUS_TIMER); i++) {
        struct bus_delivery record;
        assert_true(bus_fake_record(fixture.hub, BUS_TIMER, i, &record));
        assert_true(record.is_tombstone);
    }
    fixture_end(&fixture);
}

static void test_broker_away_recovers_by_itself(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.holds_dots = true;
    work = fixture_work(&fixture, "mail1", "user");
    offset = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    bus_fake_drop_broker(fixture.hub, true);
    sink_answer(&fixture.sink);
    WAIT_FOR(fixture.loop, !fixture.state.is_ready);
    assert_string_equal(fixture_events(&fixture), "");
    bus_fake_drop_broker(fixture.hub, false);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture_events(&fixture), "delivered");
    fixture_end(&fixture);
}

static void test_end_in_any_state_leaks_nothing(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.holds_dots = true;
    bus_fake_fail(fixture.hub, BUS_EVENT, 1000, ERR_RETRY, false);
    for (unsigned i = 0; i < 60; i++) {
        work = fixture_work(
            &fixture, arena_str(fixture.arena, arena_printf(fixture.arena, "mail%u", i)), "user");
        if (i % 7 == 0)
            work.destination = SLICE_NONE;
        (void)fixture_publish(&fixture, &work);
    }
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) >= 5);
    sink_answer(&fixture.sink);
    fixture_crash(&fixture);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drain_waits_for_the_final_reply),
        cmocka_unit_test(test_drain_leaves_what_has_not_begun),
        cmocka_unit_test(test_lost_partition_is_sent_by_its_next_owner),
        cmocka_unit_test(test_lost_behind_the_dot_records_no_timer),
        cmocka_unit_test(test_broker_away_recovers_by_itself),
        cmocka_unit_test(test_end_in_any_state_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
