/* SPDX-License-Identifier: Apache-2.0
 * Forwarding of reports to the original envelope From (S38..S40) on the fake log: two mails with
 * ids of their own, in their order, and nothing that happens to the copy touches the report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes/bus_fake.h"
#include "fixture.h"
#include "net/clock.h"
#include "sample.h"
#include "smtp/envelope.h"

#define BOUNCED   SLICE("\"type\":\"hikyaku.mail.bounced\"")
#define FORWARDED SLICE("\"type\":\"hikyaku.mail.bounce_forwarded\"")
#define DOUBLE    SLICE("\"type\":\"hikyaku.mail.double_bounce\"")

/* All six conditions are true. */
static struct record_failure *forwardable(struct fixture *f)
{
    struct record_failure *failure = sample_failure(f->arena);
    struct record_envelope *envelope = &failure->work.envelope;

    envelope->from = SLICE("app-42@d.test");
    envelope->rewrite_rule = SLICE("advanced");
    envelope->public_port = 587;
    return failure;
}

/* The report to that address. */
static struct record_work report_to(struct fixture *f, const char *target)
{
    size_t count = fixture_report_count(f);

    for (size_t i = 0; i < count; i++) {
        struct record_work work = fixture_report_at(f, i);
        if (slice_eq(work.rcpts[0].address, slice_str(target)))
            return work;
    }
    fail_msg("no report to %s", target);
    return (struct record_work){0};
}

static void test_s38_copy_goes_to_the_original_sender(void **state)
{
    struct fixture *f = *state;

    fixture_publish_failure(f, forwardable(f));
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 2);
    struct record_work primary = report_to(f, "app-42@d.test");
    struct record_work copy = report_to(f, "app-42@shop.test");
    assert_true(fixture_has(primary.body, "\r\nTo: <app-42@d.test>\r\n"));
    assert_true(fixture_has(copy.body, "\r\nTo: <app-42@shop.test>\r\n"));
    assert_int_equal(copy.envelope.from.len, 0);
    assert_true(copy.envelope.is_report);
    assert_int_equal(copy.rcpt_count, 1);
    assert_int_equal(copy.rcpts[0].notify, SMTP_NOTIFY_NEVER);
    assert_true(slice_eq(copy.destination, SLICE("shop.test")));
    assert_false(slice_eq(copy.parcel_id, primary.parcel_id));
    assert_true(slice_eq(copy.parcel_id, copy.envelope.mail_id));
    assert_int_equal(fixture_event_count(f, BOUNCED), 1);
    assert_int_equal(fixture_event_count(f, FORWARDED), 1);
    assert_true(fixture_has_metric(f, "action=\"failed\",target=\"rewritten\"} 1"));
    assert_true(fixture_has_metric(f, "action=\"failed\",target=\"original\"} 1"));
}

/* The same text but for To and what is derived from the id. */
static void test_s38_copy_has_the_same_content(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = forwardable(f);

    fixture_store_original(f, failure, slice_str(SAMPLE_ORIGINAL));
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    struct slice primary = report_to(f, "app-42@d.test").body;
    struct slice copy = report_to(f, "app-42@shop.test").body;
    while (primary.len && copy.len) {
        struct slice line = slice_cut(&copy, '\n'), expected = slice_cut(&primary, '\n');
        bool is_own = slice_starts_nocase(line, SLICE("To:")) ||
                      slice_starts_nocase(line, SLICE("Message-ID: <dsn.")) ||
                      fixture_has(line, "=_dsn_");
        assert_true(is_own || slice_eq(line, expected));
    }
    assert_int_equal(primary.len, copy.len);
    assert_true(
        fixture_has(report_to(f, "app-42@shop.test").body, "\r\nReturn-Path: <app-42@d.test>\r\n"));
}

struct skip {
    const char *from, *original, *rule, *reason;
    uint32_t public_port;
};

static void test_s38_to_s40_each_false_condition_skips(void **state)
{
    static const struct skip ROWS[] = {
        {"app-42@shop.test", "app-42@shop.test", "", "not_rewritten", 587},
        {"app-42@shop.test", "app-42@shop.test", "advanced", "same", 587},
        {"app-42@d.test", "app-42@shop.test", "advanced", "port25", 25},
        {"app-42@own.test", "app-42@shop.test", "advanced", "own_domain", 587},
        {"app-42@d.test", "app-42@OWN.test", "advanced", "own_domain", 587},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct record_failure *failure = forwardable(f);
        struct buf metric = {0};
        failure->work.envelope.from = slice_str(ROWS[i].from);
        failure->work.envelope.original_from = slice_str(ROWS[i].original);
        failure->work.envelope.rewrite_rule = slice_str(ROWS[i].rule);
        failure->work.envelope.public_port = ROWS[i].public_port;
        fixture_publish_failure(f, failure);
        fixture_run_until_finished(f, (int64_t)i + 1);
        assert_int_equal(fixture_report_count(f), i + 1);
        (void)report_to(f, ROWS[i].from);
        buf_addf(&metric, "hikyaku_bouncer_forward_skipped_total{reason=\"%s\"}", ROWS[i].reason);
        assert_true(fixture_has_metric(f, buf_str(&metric)));
        buf_free(&metric);
    }
    assert_int_equal(fixture_event_count(f, FORWARDED), 0);
}

static void test_s38_off_by_default(void **state)
{
    struct fixture *f = *state;

    fixture_publish_failure(f, forwardable(f));
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 1);
    assert_true(fixture_has_metric(f, "hikyaku_bouncer_forward_skipped_total{reason=\"off\"} 1"));
}

/* <> has no report, so there is nothing to forward. */
static void test_s40_null_sender_ends_as_an_event(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = forwardable(f);

    failure->work.envelope.from = failure->work.envelope.original_from = SLICE("");
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 0);
    assert_int_equal(fixture_event_count(f, DOUBLE), 1);
}

static void test_s38_failing_copy_is_a_double_bounce(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure;

    fixture_publish_failure(f, forwardable(f));
    fixture_run_until_finished(f, 1);
    failure = sample_failure(f->arena);
    failure->work.envelope = report_to(f, "app-42@shop.test").envelope;
    fixture_publish_failure(f, failure);
    for (int i = 0; i < 1000 && fixture_event_count(f, DOUBLE) == 0; i++)
        loop_turn(f->loop, 10);
    assert_int_equal(fixture_event_count(f, DOUBLE), 1);
    assert_int_equal(fixture_report_count(f), 2);
}

static void await_primary(struct fixture *f)
{
    uint64_t deadline = clock_monotonic_ms() + DEADLINE_MS;

    while (fixture_report_count(f) == 0) {
        assert_true(clock_monotonic_ms() < deadline);
        loop_turn(f->loop, 10);
    }
    assert_int_equal(fixture_report_count(f), 1);
    assert_int_equal(fixture_event_count(f, BOUNCED), 0);
}

/* Both are durable before the first event says so. */
static void test_refused_copy_is_repeated_alone(void **state)
{
    struct fixture *f = *state;

    fixture_publish_failure(f, forwardable(f));
    await_primary(f);
    bus_fake_fail(f->hub, BUS_WORK, 1, ERR_RETRY, false);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 2);
    assert_int_equal(fixture_event_count(f, BOUNCED), 1);
    assert_int_equal(fixture_event_count(f, FORWARDED), 1);
}

static void test_copy_the_log_never_takes_does_not_touch_the_report(void **state)
{
    struct fixture *f = *state;

    fixture_publish_failure(f, forwardable(f));
    await_primary(f);
    bus_fake_fail(f->hub, BUS_WORK, 1, ERR_INVALID, false);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 1);
    (void)report_to(f, "app-42@d.test");
    assert_int_equal(fixture_event_count(f, BOUNCED), 1);
    assert_int_equal(fixture_event_count(f, FORWARDED), 0);
    assert_int_equal(bus_fake_count(f->hub, BUS_DEAD), 0);
    assert_true(
        fixture_has_metric(f, "hikyaku_bouncer_forward_skipped_total{reason=\"refused\"} 1"));
}

/* A crash between the two: the record comes again, and both get the ids they had. */
static void test_repeated_record_gets_the_same_ids(void **state)
{
    struct fixture *f = *state;

    fixture_publish_failure(f, forwardable(f));
    await_primary(f);
    bus_fake_fail(f->hub, BUS_WORK, 1, ERR_RETRY, false);
    bus_fake_lose(f->hub, BUS_FAILURE, 0);
    fixture_run_until_finished(f, 1);
    struct record_work copy = report_to(f, "app-42@shop.test");
    struct record_work primary = report_to(f, "app-42@d.test");
    assert_true(fixture_report_count(f) >= 3);
    for (size_t i = 0; i < fixture_report_count(f); i++) {
        struct record_work report = fixture_report_at(f, i);
        bool is_copy = slice_eq(report.destination, SLICE("shop.test"));
        assert_true(slice_eq(report.parcel_id, is_copy ? copy.parcel_id : primary.parcel_id));
    }
    assert_int_equal(fixture_event_count(f, FORWARDED), 1);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, fixture_set_up_forwarding, fixture_tear_down)

static void test_s26_s38_format_and_copy_are_those_of_the_configuration(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = forwardable(f);

    failure->work.envelope.configuration = SLICE("plain");
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 1);
    struct record_work report = report_to(f, "app-42@d.test");
    assert_false(fixture_has(report.body, "multipart/report"));
    assert_true(fixture_has_metric(f, "forward_skipped_total{reason=\"off\"} 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_s38_copy_goes_to_the_original_sender),
        TEST(test_s38_copy_has_the_same_content),
        TEST(test_s38_to_s40_each_false_condition_skips),
        cmocka_unit_test_setup_teardown(test_s38_off_by_default, fixture_set_up, fixture_tear_down),
        TEST(test_s26_s38_format_and_copy_are_those_of_the_configuration),
        TEST(test_s40_null_sender_ends_as_an_event),
        TEST(test_s38_failing_copy_is_a_double_bounce),
        TEST(test_refused_copy_is_repeated_alone),
        TEST(test_copy_the_log_never_takes_does_not_touch_the_report),
        TEST(test_repeated_record_gets_the_same_ids),
    };

    return cmocka_run_group_tests_name("bouncer/forward", tests, NULL, NULL);
}
