/* SPDX-License-Identifier: Apache-2.0
 * Records that come twice: what is sent again, and what is not (sender/dispatch.h). */
#include "unit/sender/fixture.h"

static const char *rcpt_by_name(const char *local)
{
    return strcmp(local, "later") == 0 ? "450 4.2.0 Greylisted" : NULL;
}

static void test_repeat_of_a_finished_parcel_is_dropped(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "user");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_int_equal(fixture_metric(&fixture, "sender_stale_total{reason=\"recent\"}"), 1);
    fixture_end(&fixture);
}

/* The acknowledgement of its Timer was lost, so the Timer was published twice and fired twice. */
static void test_attempt_of_two_timers_is_made_once(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "user");
    work.attempt = 1;
    work.has_fence = true;
    work.fence = 5;
    work.fence_shard = bus_partition_of(fixture.bus, BUS_TIMER, SLICE("mail1"));
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    work.fence = 6;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.mail_count, 1);
    fixture_end(&fixture);
}

static void test_repeat_of_a_parcel_in_hand_waits_for_it(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int64_t second;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.holds_dots = true;
    work = fixture_work(&fixture, "mail1", "user");
    (void)fixture_publish(&fixture, &work);
    second = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    sink_answer(&fixture.sink);
    fixture_wait_finished(&fixture, second);
    assert_int_equal(fixture.sink.mail_count, 1);
    fixture_end(&fixture);
}

static void test_crash_after_the_mark_sends_nothing_again(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    bus_fake_fail(fixture.hub, BUS_EVENT, 1000, ERR_RETRY, false); /* so that it never finishes */
    work = fixture_work(&fixture, "mail1", "user");
    offset = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop,
             strcmp(fixture_ask(&fixture, "ZRANGE w:{0} 0 -1"), "0:S:4291102771") == 0);
    fixture_crash(&fixture);
    bus_fake_fail(fixture.hub, BUS_EVENT, 0, ERR_RETRY, false);
    fixture_start(&fixture);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture_events(&fixture), "delivered");
    fixture_end(&fixture);
}

static void test_crash_after_some_were_accepted_sends_the_rest(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.rcpt = rcpt_by_name;
    bus_fake_fail(fixture.hub, BUS_EVENT, 1000, ERR_RETRY, false);
    work = fixture_work(&fixture, "mail1", "a later b");
    offset = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop,
             strcmp(fixture_ask(&fixture, "ZRANGE w:{0} 0 -1"), "0:P:4291102771:5") == 0);
    fixture_crash(&fixture);
    bus_fake_fail(fixture.hub, BUS_EVENT, 0, ERR_RETRY, false);
    fixture.sink.says.rcpt = NULL;
    fixture_start(&fixture);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_string_equal(fixture.sink.mails[0].rcpts, "a@dest.test b@dest.test");
    assert_string_equal(fixture.sink.mails[1].rcpts, "later@dest.test");
    /* A first attempt that an earlier owner had in hand: he may have left a timer. */
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    fixture_end(&fixture);
}

static void test_record_behind_the_fence_is_dropped(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int32_t shard;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    shard = bus_partition_of(fixture.bus, BUS_TIMER, SLICE("mail1"));
    work = fixture_work(&fixture, "mail1", "user");
    work.attempt = 1;
    work.has_fence = true;
    work.fence = 5;
    work.fence_shard = shard;
    /* The index has applied more than the fence and knows nothing of the parcel: it has ended. */
    (void)fixture_ask(&fixture, shard == 0 ? "SET t:{0}:offset 9" : "SET t:{1}:offset 9");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.connections, 0);
    assert_int_equal(fixture_metric(&fixture, "sender_stale_total{reason=\"fence\"}"), 1);
    fixture_end(&fixture);
}

static void test_redis_away_delays_a_start_by_seconds_at_most(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin(&fixture, NULL);
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, !redis_is_up(fixture.redis));
    fixture_start(&fixture);
    work = fixture_work(&fixture, "mail1", "user");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.mail_count, 1);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeat_of_a_finished_parcel_is_dropped),
        cmocka_unit_test(test_attempt_of_two_timers_is_made_once),
        cmocka_unit_test(test_repeat_of_a_parcel_in_hand_waits_for_it),
        cmocka_unit_test(test_crash_after_the_mark_sends_nothing_again),
        cmocka_unit_test(test_crash_after_some_were_accepted_sends_the_rest),
        cmocka_unit_test(test_record_behind_the_fence_is_dropped),
        cmocka_unit_test(test_redis_away_delays_a_start_by_seconds_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
