/* SPDX-License-Identifier: Apache-2.0
 * Copies for an archive (requirements S23..S25): where they go, and who hears of their fate. */
#include "unit/sender/fixture.h"

static const char *rcpt_by_name(const char *local)
{
    if (strcmp(local, "nobody") == 0)
        return "550 5.7.1 Not archived here";
    if (strcmp(local, "later") == 0)
        return "450 4.2.0 Later";
    return NULL;
}

/* The archive is the sink; the route of all domains leads to a port where nobody listens. */
static void begin(struct fixture *fixture)
{
    static const char *const MORE[] = {"routes.[0].hosts=[\"127.0.0.1:1\"]", NULL};

    fixture_begin_started(fixture, MORE);
    fixture->sink.says.rcpt = rcpt_by_name;
}

static struct record_work copy_for(struct fixture *fixture, const char *locals)
{
    struct record_work work = fixture_work(fixture, "mail1", locals);

    work.parcel_id = SLICE("mail1-c0");
    work.copy = (struct record_copy){SLICE("127.0.0.1"), sink_port(&fixture->sink)};
    work.destination = record_copy_destination(fixture->arena, &work.copy);
    return work;
}

static void check_event(struct fixture *fixture, size_t index, bool is_copy)
{
    struct bus_delivery event;

    assert_true(bus_fake_record(fixture->hub, BUS_EVENT, index, &event));
    assert_int_equal(slice_find_slice(event.value, SLICE("\"is_copy\":true")) < event.value.len,
                     is_copy);
}

static void test_s24_copy_goes_to_host_and_port_whatever_the_routes(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    begin(&fixture);
    work = copy_for(&fixture, "a b");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture.sink.mails[0].from, "app@shop.test");
    assert_string_equal(fixture.sink.mails[0].rcpts, "a@dest.test b@dest.test");
    assert_string_equal(fixture.sink.mails[0].body,
                        "Received: from a by b;\r\n now\r\nSubject: x\r\n\r\n..dot\r\nhi\r\n");
    assert_string_equal(fixture_events(&fixture), "delivered");
    check_event(&fixture, 0, true);
    assert_int_equal(fixture_metric(&fixture, "sender_copies_total{result=\"delivered\"}"), 2);
    assert_true(fixture_metric(&fixture,
                               "sender_attempts_total{dest_group=\"other\",source_pool="
                               "\"default\",result=\"delivered\",reason=\"reply\"}") <= 0);
    fixture_end(&fixture);
}

static void test_s23_refused_copy_is_dead_and_nobody_is_told(void **state)
{
    struct bus_delivery dead;
    struct fixture fixture;
    struct record_work work;

    (void)state;
    begin(&fixture);
    work = copy_for(&fixture, "a nobody");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_string_equal(fixture.sink.mails[0].rcpts, "a@dest.test");
    assert_string_equal(fixture_events(&fixture), "failed delivered");
    check_event(&fixture, 0, true);
    fixture_wait_for(&fixture, BUS_FAILURE, 0);
    fixture_wait_for(&fixture, BUS_TIMER, 0);
    fixture_wait_for(&fixture, BUS_DEAD, 1);
    assert_true(bus_fake_record(fixture.hub, BUS_DEAD, 0, &dead));
    assert_true(slice_find_slice(dead.value, SLICE("Not archived here")) < dead.value.len);
    assert_true(slice_find_slice(dead.value, SLICE("mail1-c0")) < dead.value.len);
    assert_int_equal(fixture_metric(&fixture, "dead_records_total{topic=\"work\",reason=\"copy\"}"),
                     1);
    assert_int_equal(fixture_metric(&fixture, "sender_copies_total{result=\"failed\"}"), 1);
    fixture_end(&fixture);
}

static void test_s23_deferred_copy_has_a_timer_of_its_own(void **state)
{
    struct record_timer timer;
    struct fixture fixture;
    struct record_work work;

    (void)state;
    begin(&fixture);
    work = copy_for(&fixture, "later");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_string_equal(fixture_events(&fixture), "deferred");
    check_event(&fixture, 0, true);
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    timer = fixture_timer(&fixture, 0);
    assert_true(record_is_copy(&timer.work));
    assert_int_equal(timer.work.copy.port, sink_port(&fixture.sink));
    assert_true(slice_eq(timer.work.parcel_id, SLICE("mail1-c0")));
    fixture_wait_for(&fixture, BUS_DEAD, 0);
    fixture_end(&fixture);
}

static void test_s23_expired_copy_is_dead_and_nobody_is_told(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    begin(&fixture);
    work = copy_for(&fixture, "later");
    work.envelope.queued_at_ms -= (int64_t)86400 * 1000;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_string_equal(fixture_events(&fixture), "expired");
    fixture_wait_for(&fixture, BUS_FAILURE, 0);
    fixture_wait_for(&fixture, BUS_TIMER, 0);
    fixture_wait_for(&fixture, BUS_DEAD, 1);
    assert_int_equal(fixture_metric(&fixture, "sender_copies_total{result=\"expired\"}"), 1);
    fixture_end(&fixture);
}

static void test_s23_fanout_splits_into_originals_and_one_copy(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL); /* originals and copy arrive at the same sink */
    work = copy_for(&fixture, "a b");
    work.parcel_id = work.envelope.mail_id;
    work.destination = SLICE_NONE;
    work.envelope.from = SLICE("bounces@shop.test");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, fixture.sink.mail_count == 2);
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_EVENT) == 2);
    fixture_wait_for(&fixture, BUS_WORK, 3);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(fixture.sink.mails[i].rcpts, "a@dest.test b@dest.test");
    /* One as rewritten, one as submitted. */
    assert_string_not_equal(fixture.sink.mails[0].from, fixture.sink.mails[1].from);
    assert_string_equal(fixture.sink.mails[0].body, fixture.sink.mails[1].body);
    assert_int_equal(fixture_metric(&fixture, "sender_copies_total{result=\"delivered\"}"), 2);
    assert_int_equal(fixture_metric(&fixture,
                                    "sender_attempts_total{dest_group=\"other\",source_pool="
                                    "\"default\",result=\"delivered\",reason=\"reply\"}"),
                     2);
    fixture_end(&fixture);
}

/* The archive accepts connections and says nothing. */
static void test_s23_slow_archive_does_not_hold_up_the_mails(void **state)
{
    static const char *const MORE[] = {
        "routes.[0].hosts=[\"127.0.0.1:1\"]", "sender.in_flight_max=10",
        "sender.connections_per_destination=1", "sender.park_after_s=3600", NULL};
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.says.greeting = "-";
    for (size_t i = 0; i < 10; i++) {
        work = copy_for(&fixture, "a");
        work.parcel_id = arena_printf(fixture.arena, "mail%zu-c0", i);
        (void)fixture_publish(&fixture, &work);
    }
    work = fixture_work(&fixture, "mail10", "user");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_EVENT) == 1);
    assert_string_equal(fixture_events(&fixture), "deferred"); /* it had its attempt */
    check_event(&fixture, 0, false);
    fixture_stop(&fixture);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s24_copy_goes_to_host_and_port_whatever_the_routes),
        cmocka_unit_test(test_s23_refused_copy_is_dead_and_nobody_is_told),
        cmocka_unit_test(test_s23_deferred_copy_has_a_timer_of_its_own),
        cmocka_unit_test(test_s23_expired_copy_is_dead_and_nobody_is_told),
        cmocka_unit_test(test_s23_fanout_splits_into_originals_and_one_copy),
        cmocka_unit_test(test_s23_slow_archive_does_not_hold_up_the_mails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
