/* SPDX-License-Identifier: Apache-2.0
 * STARTTLS to destinations: used when it is offered, done without when it is broken (C18). */
#include "unit/sender/fixture.h"

#include "net/tls.h"
#include "unit/net/certificate.h"

#define OFFERS_TLS "250-sink.test\r\n250-PIPELINING\r\n250 STARTTLS"

static void deliver(struct fixture *fixture, const char *id)
{
    struct record_work work = fixture_work(fixture, id, "user");

    fixture_wait_finished(fixture, fixture_publish(fixture, &work));
}

static void test_offered_tls_is_used(void **state)
{
    struct certificate certificate;
    struct fixture fixture;
    struct err err;

    (void)state;
    certificate_new(&certificate);
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.ehlo = OFFERS_TLS;
    assert_int_equal(
        tls_new_server(certificate.certificate_file, certificate.key_file, &fixture.sink.tls, &err),
        0);
    deliver(&fixture, "mail1");
    deliver(&fixture, "mail2");
    assert_int_equal(fixture.sink.mail_count, 2);
    assert_int_equal(fixture.sink.secured, 1);
    assert_int_equal(fixture.sink.connections, 1);
    assert_int_equal(
        fixture_metric(
            &fixture,
            "sender_tls_total{policy=\"opportunistic\",version=\"TLSv1.3\",result=\"ok\"}"),
        1);
    assert_int_equal(fixture_metric(&fixture, "sender_stage_seconds_count{stage=\"tls\"}"), 1);
    fixture_stop(&fixture);
    tls_free(&fixture.sink.tls);
    fixture_end(&fixture);
    certificate_free(&certificate);
}

static void test_c18_broken_tls_falls_back_to_clear_text(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.ehlo = OFFERS_TLS;
    deliver(&fixture, "mail1");
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_int_equal(fixture.sink.connections, 2);
    deliver(&fixture, "mail2"); /* remembered: on the clear-text connection */
    assert_int_equal(fixture.sink.connections, 2);
    assert_string_equal(fixture_events(&fixture), "delivered delivered");
    fixture_end(&fixture);
}

static void test_required_tls_is_never_done_without(void **state)
{
    static const char *const MORE[] = {"sender.tls=required", NULL};
    struct record_timer timer;
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    deliver(&fixture, "mail1"); /* not offered */
    fixture.sink.says.ehlo = OFFERS_TLS;
    deliver(&fixture, "mail2"); /* broken */
    assert_int_equal(fixture.sink.mail_count, 0);
    fixture_wait_for(&fixture, BUS_TIMER, 2);
    timer = fixture_timer(&fixture, 0);
    assert_true(slice_eq(slice_sub(timer.work.rcpts[0].last.status, 0, 3), SLICE("4.7")));
    fixture_end(&fixture);
}

static void test_tls_none_ignores_the_offer(void **state)
{
    static const char *const MORE[] = {"sender.tls=none", NULL};
    struct fixture fixture;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.says.ehlo = OFFERS_TLS;
    deliver(&fixture, "mail1");
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_int_equal(fixture.sink.connections, 1);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offered_tls_is_used),
        cmocka_unit_test(test_c18_broken_tls_falls_back_to_clear_text),
        cmocka_unit_test(test_required_tls_is_never_done_without),
        cmocka_unit_test(test_tls_none_ignores_the_offer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
