/* SPDX-License-Identifier: Apache-2.0
 * Where mail leaves from: the addresses of its source pool in turn, under the pool's name, and
 * another one after a blocklist; and what is told about a destination's group. */
#include "unit/sender/fixture.h"

#define POOL_A                                                                                     \
    "source_pools=({name=\"a\"; addresses=[\"127.0.0.2\", \"127.0.0.3\", \"::1\"]; "               \
    "ehlo=\"mta1.test\";})"
#define USES_A "configurations=({source_pool=\"a\";})"

static void deliver(struct fixture *fixture, const char *id)
{
    struct record_work work = fixture_work(fixture, id, "user");

    fixture_wait_finished(fixture, fixture_publish(fixture, &work));
}

static void test_attempts_take_the_addresses_in_turn(void **state)
{
    static const char *const MORE[] = {POOL_A, USES_A, NULL};
    static const char *const IDS[] = {"mail1", "mail2", "mail3", "mail4"};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    for (size_t i = 0; i < 4; i++)
        deliver(&fixture, IDS[i]);
    assert_int_equal(fixture.sink.mail_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(fixture.sink.mails[i].peer, i % 2 ? "127.0.0.3" : "127.0.0.2");
        assert_string_equal(fixture.sink.mails[i].ehlo, "mta1.test");
    }
    assert_int_equal(fixture.sink.connections, 2); /* kept by address */
    assert_int_equal(fixture_metric(&fixture, "sender_attempts_total{dest_group=\"other\","
                                              "source_pool=\"a\",result=\"delivered\","
                                              "reason=\"reply\"}"),
                     4);
    fixture_end(&fixture);
}

static void test_without_a_pool_the_settings_of_the_sender_count(void **state)
{
    static const char *const MORE[] = {POOL_A, "sender.source_address=127.0.0.9", NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    deliver(&fixture, "mail1");
    assert_string_equal(fixture.sink.mails[0].peer, "127.0.0.9");
    assert_string_equal(fixture.sink.mails[0].ehlo, "relay.test");
    fixture_end(&fixture);
}

/* The record of the retry says which address was refused, so that any sender knows. */
static void test_a_blocklist_is_answered_with_another_address(void **state)
{
    static const char *const MORE[] = {POOL_A, USES_A, NULL};
    struct record_timer timer;
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.says.dot = "450 4.7.1 127.0.0.2 is on a blocklist";
    deliver(&fixture, "mail1");
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    timer = fixture_timer(&fixture, 0);
    assert_true(slice_eq(timer.work.rcpts[0].last.source_ip, SLICE("127.0.0.2")));
    fixture.sink.says.dot = NULL;
    deliver(&fixture, "mail2"); /* now 127.0.0.2 would be next */
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &timer.work));
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_string_equal(fixture.sink.mails[1].peer, "127.0.0.3");
    fixture_end(&fixture);
}

/* At the greeting: the next host is asked at once, from another address. */
static void test_a_blocklist_at_one_host_counts_for_the_next(void **state)
{
    static const char *const MORE[] = {POOL_A, USES_A, NULL};
    struct record_timer timer;
    struct fixture fixture;
    struct buf routes = {0};
    const char *more[] = {POOL_A, USES_A, NULL, NULL};

    (void)state;
    fixture_begin(&fixture, MORE);
    buf_addf(&routes, "routes=({domain=\"*\"; hosts=[\"127.0.0.1:%d\", \"127.0.0.1:%d\"];})",
             sink_port(&fixture.sink), sink_port(&fixture.sink));
    more[2] = buf_str(&routes);
    conf_free(&fixture.conf);
    fixture_read_conf(&fixture, more);
    fixture_start(&fixture);
    WAIT_FOR(fixture.loop, fixture.state.is_ready);
    fixture.sink.says.greeting = "554 5.7.1 You are on a blocklist";
    deliver(&fixture, "mail1");
    timer = fixture_timer(&fixture, 0);
    assert_true(slice_eq(timer.work.rcpts[0].last.source_ip, SLICE("127.0.0.3")));
    assert_int_equal(fixture.sink.connections, 2);
    buf_free(&routes);
    fixture_end(&fixture);
}

static void test_no_address_of_the_family_is_a_temporary_failure(void **state)
{
    static const char *const MORE[] = {
        "source_pools=({name=\"a\"; addresses=[\"::1\"]; ehlo=\"mta1.test\";})", USES_A, NULL};
    struct record_timer timer;
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    deliver(&fixture, "mail1");
    assert_int_equal(fixture.sink.connections, 0);
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    timer = fixture_timer(&fixture, 0);
    assert_true(slice_eq(timer.work.rcpts[0].last.reason,
                         SLICE("the source pool has no address of the host's family here")));
    assert_true(slice_eq(timer.work.rcpts[0].last.status, SLICE("4.4.1")));
    fixture_end(&fixture);
}

/* One file serves senders on several machines, each with addresses of its own. */
static void test_addresses_of_other_machines_are_left_out(void **state)
{
    static const char *const MORE[] = {
        "source_pools=({name=\"a\"; addresses=[\"203.0.113.7\", \"127.0.0.3\"]; "
        "ehlo=\"mta1.test\";})",
        USES_A, NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    deliver(&fixture, "mail1");
    deliver(&fixture, "mail2");
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_string_equal(fixture.sink.mails[0].peer, "127.0.0.3");
    assert_string_equal(fixture.sink.mails[1].peer, "127.0.0.3");
    fixture_end(&fixture);
}

static void test_a_changed_pool_takes_no_old_connection(void **state)
{
    static const char *const MORE[] = {POOL_A, USES_A, NULL};
    static const char *const RENAMED[] = {
        "source_pools=({name=\"a\"; addresses=[\"127.0.0.2\"]; ehlo=\"mta2.test\";})", USES_A,
        NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    deliver(&fixture, "mail1");
    struct conf *before = fixture.conf;
    fixture_read_conf(&fixture, RENAMED);
    sender_role.reload(fixture.role, fixture.conf);
    deliver(&fixture, "mail2");
    assert_int_equal(fixture.sink.connections, 2);
    assert_string_equal(fixture.sink.mails[1].peer, "127.0.0.2");
    assert_string_equal(fixture.sink.mails[1].ehlo, "mta2.test");
    fixture_stop(&fixture);
    conf_free(&before);
    fixture_end(&fixture);
}

#define PROXIED_A /* port 1: nobody is there */                                                    \
    "source_pools=({name=\"a\"; addresses=[\"127.0.0.2\"]; ehlo=\"mta1.test\"; "                   \
    "proxy=\"haproxy\"; proxy_address=\"127.0.0.1:1\";})"

static void reload_proxied(struct fixture *fixture)
{
    static const char *const PROXIED[] = {PROXIED_A, USES_A, NULL};

    fixture_read_conf(fixture, PROXIED);
    sender_role.reload(fixture->role, fixture->conf);
}

/* Nor is the connection used that is kept, from the same address. */
static void test_a_proxy_that_is_away_is_no_trouble_of_the_host(void **state)
{
    static const char *const MORE[] = {POOL_A, USES_A, NULL};
    struct record_timer timer;
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    deliver(&fixture, "mail1");
    struct conf *before = fixture.conf;
    reload_proxied(&fixture);
    deliver(&fixture, "mail2");
    assert_int_equal(fixture.sink.connections, 1);
    assert_int_equal(fixture.sink.mail_count, 1);
    timer = fixture_timer(&fixture, 0);
    assert_true(slice_eq(timer.work.rcpts[0].last.reason,
                         SLICE("proxy 127.0.0.1:1: connecting failed: connection refused")));
    assert_true(slice_eq(timer.work.rcpts[0].last.status, SLICE("4.4.0")));
    assert_int_equal(timer.work.rcpts[0].last.mx_host.len, 0);
    assert_int_equal(
        fixture_metric(&fixture, "sender_connects_total{dest_group=\"other\",result=\"proxy\"}"),
        1);
    fixture_stop(&fixture);
    conf_free(&before);
    fixture_end(&fixture);
}

static void test_a_busy_connection_is_not_handed_on_to_mail_of_a_proxy(void **state)
{
    static const char *const MORE[] = {POOL_A, USES_A, "sender.connections_per_destination=1",
                                       NULL};
    struct record_work work;
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.holds_dots = true;
    work = fixture_work(&fixture, "mail1", "user");
    (void)fixture_publish(&fixture, &work);
    work = fixture_work(&fixture, "mail2", "user");
    int64_t second = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sink_held(&fixture.sink) == 1);
    struct conf *before = fixture.conf;
    reload_proxied(&fixture);
    sink_answer(&fixture.sink);
    fixture_wait_finished(&fixture, second);
    assert_int_equal(fixture.sink.mail_count, 1);
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    fixture_stop(&fixture);
    conf_free(&before);
    fixture_end(&fixture);
}

static void test_figures_name_the_group(void **state)
{
    static const char *const MORE[] = {
        "destination_groups=({name=\"big\"; domains=[\"dest.test\"];})", NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    deliver(&fixture, "mail1");
    deliver(&fixture, "mail2"); /* on the same connection */
    fixture.sink.says.mail = "450 4.2.0 Later";
    deliver(&fixture, "mail3");
    assert_int_equal(fixture_metric(&fixture, "sender_attempts_total{dest_group=\"big\","
                                              "source_pool=\"default\",result=\"delivered\","
                                              "reason=\"reply\"}"),
                     2);
    assert_int_equal(fixture_metric(&fixture, "sender_attempts_total{dest_group=\"big\","
                                              "source_pool=\"default\",result=\"deferred\","
                                              "reason=\"reply\"}"),
                     1);
    assert_int_equal(
        fixture_metric(&fixture, "sender_connects_total{dest_group=\"big\",result=\"ok\"}"), 1);
    assert_int_equal(fixture_metric(&fixture, "sender_rescheduled_total{interval=\"exponential\"}"),
                     1);
    fixture_end(&fixture);
}

/* What the destination does, and the label of sender_connects_total. */
static void test_connects_by_result(void **state)
{
    static const char *const RESULTS[] = {"refused", "lost"};
    static const char *const GREETINGS[] = {"421 4.3.2 Not now", ""};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct buf line = {0};
        fixture.sink.says.greeting = GREETINGS[i];
        deliver(&fixture, RESULTS[i]);
        buf_addf(&line, "sender_connects_total{dest_group=\"other\",result=\"%s\"}", RESULTS[i]);
        assert_int_equal(fixture_metric(&fixture, buf_str(&line)), 1);
        buf_free(&line);
    }
    listener_free(&fixture.sink.listener);
    deliver(&fixture, "mail3");
    assert_int_equal(fixture_metric(&fixture, "sender_connects_total{dest_group=\"other\","
                                              "result=\"unreachable\"}"),
                     1);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts_take_the_addresses_in_turn),
        cmocka_unit_test(test_without_a_pool_the_settings_of_the_sender_count),
        cmocka_unit_test(test_a_blocklist_is_answered_with_another_address),
        cmocka_unit_test(test_a_blocklist_at_one_host_counts_for_the_next),
        cmocka_unit_test(test_no_address_of_the_family_is_a_temporary_failure),
        cmocka_unit_test(test_addresses_of_other_machines_are_left_out),
        cmocka_unit_test(test_a_changed_pool_takes_no_old_connection),
        cmocka_unit_test(test_a_proxy_that_is_away_is_no_trouble_of_the_host),
        cmocka_unit_test(test_a_busy_connection_is_not_handed_on_to_mail_of_a_proxy),
        cmocka_unit_test(test_figures_name_the_group),
        cmocka_unit_test(test_connects_by_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
