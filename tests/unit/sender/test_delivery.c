/* SPDX-License-Identifier: Apache-2.0
 * Attempts against a destination that misbehaves, and bodies by reference. */
#include "unit/sender/fixture.h"

#include "base/hash.h"

static const char *second_is_too_many(const char *local)
{
    return strcmp(local, "b") == 0 ? "552 5.5.3 Too many recipients" : NULL;
}

static void deliver(struct fixture *fixture, const char *id)
{
    struct record_work work = fixture_work(fixture, id, "user");

    fixture_wait_finished(fixture, fixture_publish(fixture, &work));
}

static void test_s19_mails_share_a_connection(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    deliver(&fixture, "mail1");
    deliver(&fixture, "mail2");
    deliver(&fixture, "mail3");
    assert_int_equal(fixture.sink.mail_count, 3);
    assert_int_equal(fixture.sink.connections, 1);
    assert_int_equal(fixture_metric(&fixture, "sender_pool_acquires_total{result=\"reused\"}"), 2);
    fixture_end(&fixture);
}

/* The connection of one configuration is not handed to the next mail when that is of another. */
static void test_s20_configurations_share_no_connection(void **state)
{
    static const char *const MORE[] = {"sender.connections_per_destination=1",
                                       "configurations=({ name = \"newsletter\"; })", NULL};
    static const char *const IDS[] = {"mail1", "mail2", "mail3"};
    struct fixture fixture;
    int64_t offset = 0;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.holds_dots = true; /* the others queue behind the first */
    for (size_t i = 0; i < 3; i++) {
        struct record_work work = fixture_work(&fixture, IDS[i], "user");
        work.envelope.configuration = i == 1 ? SLICE("newsletter") : SLICE("default");
        offset = fixture_publish(&fixture, &work);
        WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    }
    fixture.sink.holds_dots = false;
    sink_answer(&fixture.sink);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 3);
    assert_int_equal(fixture.sink.connections, 2);
    assert_int_equal(fixture.sink.mails[0].connection, fixture.sink.mails[2].connection);
    assert_int_not_equal(fixture.sink.mails[0].connection, fixture.sink.mails[1].connection);
    fixture_end(&fixture);
}

static void test_queue_shares_as_many_connections_as_allowed(void **state)
{
    static const char *const MORE[] = {"sender.connections_per_destination=2", NULL};
    struct fixture fixture;
    int64_t last = 0;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    for (unsigned i = 0; i < 20; i++) {
        struct record_work work = fixture_work(
            &fixture, arena_str(fixture.arena, arena_printf(fixture.arena, "mail%u", i)), "user");
        last = fixture_publish(&fixture, &work);
    }
    fixture_wait_finished(&fixture, last);
    assert_int_equal(fixture.sink.mail_count, 20);
    assert_true(fixture.sink.connections <= 2);
    fixture_end(&fixture);
}

/* A failure on a reused connection before MAIL is answered is not an attempt. */
static void test_stale_connection_is_replaced_without_an_attempt(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    deliver(&fixture, "mail1");
    fixture.sink.says.mail = "421 4.4.2 Idle for too long";
    struct record_work work = fixture_work(&fixture, "mail2", "user");
    int64_t offset = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, fixture.sink.connections == 2);
    fixture.sink.says.mail = NULL;
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_string_equal(fixture_events(&fixture), "delivered delivered");
    fixture_end(&fixture);
}

static void test_552_after_an_accepted_recipient_follows_up(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.rcpt = second_is_too_many;
    fixture.sink.holds_dots = true;
    work = fixture_work(&fixture, "mail1", "a b");
    offset = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    fixture.sink.says.rcpt = NULL;
    fixture.sink.holds_dots = false;
    sink_answer(&fixture.sink);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_string_equal(fixture.sink.mails[0].rcpts, "a@dest.test");
    assert_string_equal(fixture.sink.mails[1].rcpts, "b@dest.test");
    assert_int_equal(fixture.sink.connections, 1);
    assert_string_equal(fixture_events(&fixture), "delivered");
    fixture_end(&fixture);
}

static void test_c16_lost_behind_the_dot_is_uncertain(void **state)
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
    sink_cut(&fixture.sink);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.connections, 1); /* no second try in this attempt */
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    assert_int_equal(fixture_metric(&fixture, "sender_uncertain_total"), 1);
    fixture_end(&fixture);
}

static void test_refused_host_defers(void **state)
{
    struct record_timer timer;
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.greeting = "554 5.7.1 Go away";
    deliver(&fixture, "mail1");
    timer = fixture_timer(&fixture, 0);
    assert_int_equal(timer.work.rcpts[0].last.code, 554);
    assert_true(slice_eq(timer.work.rcpts[0].last.status, SLICE("4.7.1")));
    fixture_end(&fixture);
}

/* Two hosts for every domain: first, then the fixture's own sink. */
static void use_two_hosts(struct fixture *f, const struct sink *first)
{
    const char *more[2] = {0};
    struct buf routes = {0};

    buf_addf(&routes, "routes=({domain=\"*\"; hosts=[\"127.0.0.1:%d\", \"127.0.0.1:%d\"];})",
             sink_port(first), sink_port(&f->sink));
    more[0] = buf_str(&routes);
    conf_free(&f->conf);
    fixture_read_conf(f, more);
    buf_free(&routes);
    fixture_start(f);
}

static void test_c3_next_host_is_tried(void **state)
{
    struct fixture fixture, *f = &fixture;
    struct sink closed;

    (void)state;
    fixture_begin(f, NULL);
    sink_start(&closed, f->loop);
    use_two_hosts(f, &closed);
    sink_end(&closed); /* nobody listens on that port any more */
    deliver(f, "mail1");
    assert_int_equal(f->sink.mail_count, 1);
    fixture_end(f);
}

static struct record_work eight_bit(struct fixture *f, const char *id)
{
    struct record_work work = fixture_work(f, id, "user");

    work.body = SLICE("Subject: x\r\n\r\n\xc3\xa9\r\n");
    work.body_crc32c = hash_crc32c(0, work.body);
    work.envelope.is_8bit = true;
    return work;
}

static void test_c11_what_one_host_cannot_take_goes_to_the_next(void **state)
{
    struct fixture fixture, *f = &fixture;
    struct sink narrow;
    struct record_work work;
    struct record_reply last;

    (void)state;
    fixture_begin(f, NULL);
    sink_start(&narrow, f->loop);
    narrow.says.ehlo = "250 narrow.test"; /* no 8BITMIME */
    f->sink.says.ehlo = "250-sink.test\r\n250 8BITMIME";
    use_two_hosts(f, &narrow);
    work = eight_bit(f, "mail1");
    fixture_wait_finished(f, fixture_publish(f, &work));
    assert_int_equal(narrow.connections, 1);
    assert_int_equal(narrow.mail_count, 0);
    assert_int_equal(f->sink.mail_count, 1);
    /* No host takes it. */
    f->sink.says.ehlo = narrow.says.ehlo;
    sink_cut(&f->sink);
    WAIT_FOR(f->loop, f->sink.open == 0);
    work = eight_bit(f, "mail2");
    fixture_wait_finished(f, fixture_publish(f, &work));
    last = fixture_failure(f, 0).work.rcpts[0].last;
    assert_true(slice_eq(last.status, SLICE("5.6.3")));
    assert_int_equal(last.code, 0); /* the host said nothing of the kind */
    assert_int_equal(last.text.len, 0);
    assert_true(last.reason.len > 0);
    assert_int_equal(f->sink.mail_count, 1);
    fixture_stop(f);
    sink_end(&narrow);
    fixture_end(f);
}

static void test_body_by_reference_is_read_from_the_log(void **state)
{
    struct fixture fixture;
    struct record_work work, retry;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "user");
    offset = fixture_publish(&fixture, &work);
    fixture_wait_finished(&fixture, offset);
    retry = fixture_work(&fixture, "mail2", "user");
    retry.has_body_ref = true;
    retry.body_ref = (struct record_body){.topic = RECORD_BODY_INLINE_OF_WORK,
                                          .first_offset = offset,
                                          .last_offset = offset,
                                          .length = work.body.len,
                                          .crc32c = work.body_crc32c};
    retry.body = SLICE_NONE;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &retry));
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_string_equal(fixture.sink.mails[1].body, fixture.sink.mails[0].body);
    fixture_end(&fixture);
}

static void test_body_in_chunks(void **state)
{
    static const char *const PIECES[] = {"Subject: x\r\n\r\n", "first\r\n", "second\r\n"};
    struct fixture fixture;
    struct record_work work;
    struct buf whole = {0};
    int64_t first = -1, last = -1;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        struct record_chunk chunk = {.sequence = i, .total = i == 2 ? 3 : 0};
        struct buf value = {0};
        record_put_chunk(&value, &chunk);
        buf_add_str(&value, PIECES[i]);
        buf_add_str(&whole, PIECES[i]);
        last = fixture_publish_bytes(&fixture, BUS_BODY, SLICE("mail1"), buf_slice(&value));
        first = first < 0 ? last : first;
        if (i == 1) /* repeated by the producer, and somebody else's in between */
            (void)fixture_publish_bytes(&fixture, BUS_BODY, SLICE("mail1"), buf_slice(&value));
        (void)fixture_publish_bytes(&fixture, BUS_BODY, SLICE("other"), buf_slice(&value));
        buf_free(&value);
    }
    work = fixture_work(&fixture, "mail1", "user");
    work.has_body_ref = true;
    work.body_ref = (struct record_body){.topic = RECORD_BODY_CHUNKS,
                                         .first_offset = first,
                                         .last_offset = last,
                                         .length = whole.len,
                                         .crc32c = hash_crc32c(0, buf_slice(&whole))};
    work.body = SLICE_NONE;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture.sink.mails[0].body,
                        "Received: from a by b;\r\n now\r\nSubject: x\r\n\r\nfirst\r\nsecond\r\n");
    buf_free(&whole);
    fixture_end(&fixture);
}

#define BIG_BYTES ((size_t)700 * 1024)

/* A parcel whose body of BIG_BYTES lies in one chunk. */
static struct record_work big_work(struct fixture *fixture, const char *id)
{
    struct record_work work = fixture_work(fixture, id, "user");
    struct record_chunk chunk = {.total = 1};
    struct buf value = {0};
    size_t head;

    record_put_chunk(&value, &chunk);
    head = value.len;
    for (size_t i = 0; i < BIG_BYTES / 64; i++)
        buf_addf(&value, "%062zu\r\n", i);
    work.has_body_ref = true;
    work.body_ref = (struct record_body){
        .topic = RECORD_BODY_CHUNKS,
        .length = value.len - head,
        .crc32c = hash_crc32c(0, slice_skip(buf_slice(&value), head)),
        .first_offset = fixture_publish_bytes(fixture, BUS_BODY, slice_str(id), buf_slice(&value))};
    work.body_ref.last_offset = work.body_ref.first_offset;
    work.body = SLICE_NONE;
    buf_free(&value);
    return work;
}

static void test_lost_body_fails_and_is_buried(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = big_work(&fixture, "mail1");
    bus_fake_expire(fixture.hub, BUS_BODY, 0, work.body_ref.last_offset + 1);
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.connections, 0);
    assert_string_equal(fixture_events(&fixture), "failed");
    fixture_wait_for(&fixture, BUS_FAILURE, 1);
    fixture_wait_for(&fixture, BUS_DEAD, 1);
    fixture_end(&fixture);
}

static void test_body_that_the_log_does_not_show_is_parked(void **state)
{
    static const char *const MORE[] = {"sender.park_after_s=1", NULL};
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    work = big_work(&fixture, "mail1");
    work.body_ref.first_offset = work.body_ref.last_offset = 100;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.connections, 0);
    assert_int_equal(bus_fake_count(fixture.hub, BUS_FAILURE), 0);
    assert_int_equal(bus_fake_count(fixture.hub, BUS_TIMER), 1);
    fixture_end(&fixture);
}

static void test_bodies_wait_for_memory_and_are_parked(void **state)
{
    static const char *const MORE[] = {"sender.body_budget=1048576", "sender.park_after_s=1", NULL};
    struct fixture fixture;
    struct record_work first, second;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.holds_dots = true;
    first = big_work(&fixture, "mail1");
    second = big_work(&fixture, "mail2");
    (void)fixture_publish(&fixture, &first);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    offset = fixture_publish(&fixture, &second);
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_TIMER) == 1);
    assert_true(slice_eq(fixture_timer(&fixture, 0).reason, SLICE("parked")));
    assert_int_equal(fixture_metric(&fixture, "sender_parked_total{reason=\"memory\"}"), 1);
    fixture.sink.holds_dots = false;
    sink_answer(&fixture.sink);
    fixture_wait_finished(&fixture, offset);
    second.parcel_id = SLICE("mail3"); /* as if the timer had fired */
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &second));
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_int_equal(fixture.sink.mails[1].body_len, fixture.sink.mails[0].body_len);
    fixture_end(&fixture);
}

static void test_in_flight_limit_pauses_and_resumes(void **state)
{
    static const char *const MORE[] = {"sender.in_flight_max=10",
                                       "sender.connections_per_destination=1", NULL};
    struct fixture fixture;
    int64_t last = 0;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.holds_dots = true;
    for (unsigned i = 0; i < 40; i++) {
        struct record_work work = fixture_work(
            &fixture, arena_str(fixture.arena, arena_printf(fixture.arena, "mail%u", i)), "user");
        last = fixture_publish(&fixture, &work);
    }
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    assert_true(fixture_metric(&fixture, "sender_parcels_in_flight") < 40);
    fixture.sink.holds_dots = false;
    sink_answer(&fixture.sink);
    fixture_wait_finished(&fixture, last);
    assert_int_equal(fixture.sink.mail_count, 40);
    fixture_end(&fixture);
}

static void test_surplus_of_a_slow_destination_is_parked(void **state)
{
    static const char *const MORE[] = {"sender.in_flight_max=10", "sender.park_after_s=1",
                                       "sender.connections_per_destination=1", NULL};
    struct fixture fixture;
    struct record_timer timer;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.holds_dots = true;
    for (unsigned i = 0; i < 10; i++) {
        struct record_work work = fixture_work(
            &fixture, arena_str(fixture.arena, arena_printf(fixture.arena, "mail%u", i)), "user");
        (void)fixture_publish(&fixture, &work);
    }
    /* A share of 25 % is two: the one under way and one that waits stay. */
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_TIMER) == 8);
    timer = fixture_timer(&fixture, 0);
    assert_true(slice_eq(timer.reason, SLICE("parked")));
    assert_int_equal(timer.work.attempt, 0);
    assert_in_range(timer.due_ms, clock_wall_ms() + 10000, clock_wall_ms() + 61000);
    assert_string_equal(fixture_events(&fixture), "");
    assert_int_equal(fixture_metric(&fixture, "sender_parked_total{reason=\"share\"}"), 8);
    fixture.sink.holds_dots = false;
    sink_answer(&fixture.sink);
    WAIT_FOR(fixture.loop, fixture.sink.mail_count == 2);
    fixture_end(&fixture);
}

/* Three slow destinations, each within its share of 40 %: together they must not stop the rest. */
static void test_many_slow_destinations_are_parked_down_to_a_half(void **state)
{
    static const char *const MORE[] = {"sender.in_flight_max=12", "sender.park_after_s=1",
                                       "sender.destination_share_percent=40",
                                       "sender.connections_per_destination=1", NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.holds_dots = true;
    for (unsigned i = 0; i < 12; i++) {
        struct record_work work = fixture_work(
            &fixture, arena_str(fixture.arena, arena_printf(fixture.arena, "mail%u", i)), "user");
        work.destination = arena_printf(fixture.arena, "slow%u.test", i % 3);
        (void)fixture_publish(&fixture, &work);
    }
    struct record_work work = fixture_work(&fixture, "urgent", "user");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 4); /* it was taken all the same */
    fixture.sink.holds_dots = false;
    sink_answer(&fixture.sink);
    WAIT_FOR(fixture.loop, fixture.sink.mail_count + bus_fake_count(fixture.hub, BUS_TIMER) == 13);
    fixture_end(&fixture);
}

static void test_unreadable_body_gives_its_slot_back(void **state)
{
    static const char *const MORE[] = {"sender.park_after_s=1", NULL};
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    work = big_work(&fixture, "mail1");
    bus_fake_fail_fetches(fixture.hub, true);
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_true(slice_eq(fixture_timer(&fixture, 0).reason, SLICE("parked")));
    assert_int_equal(fixture_metric(&fixture, "sender_parked_total{reason=\"log\"}"), 1);
    bus_fake_fail_fetches(fixture.hub, false);
    work.parcel_id = SLICE("mail2"); /* as if the timer had fired */
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.mail_count, 1);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s19_mails_share_a_connection),
        cmocka_unit_test(test_s20_configurations_share_no_connection),
        cmocka_unit_test(test_queue_shares_as_many_connections_as_allowed),
        cmocka_unit_test(test_stale_connection_is_replaced_without_an_attempt),
        cmocka_unit_test(test_552_after_an_accepted_recipient_follows_up),
        cmocka_unit_test(test_c16_lost_behind_the_dot_is_uncertain),
        cmocka_unit_test(test_refused_host_defers),
        cmocka_unit_test(test_c3_next_host_is_tried),
        cmocka_unit_test(test_c11_what_one_host_cannot_take_goes_to_the_next),
        cmocka_unit_test(test_body_by_reference_is_read_from_the_log),
        cmocka_unit_test(test_body_in_chunks),
        cmocka_unit_test(test_lost_body_fails_and_is_buried),
        cmocka_unit_test(test_body_that_the_log_does_not_show_is_parked),
        cmocka_unit_test(test_bodies_wait_for_memory_and_are_parked),
        cmocka_unit_test(test_in_flight_limit_pauses_and_resumes),
        cmocka_unit_test(test_many_slow_destinations_are_parked_down_to_a_half),
        cmocka_unit_test(test_unreadable_body_gives_its_slot_back),
        cmocka_unit_test(test_surplus_of_a_slow_destination_is_parked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
