/* SPDX-License-Identifier: Apache-2.0
 * The bouncer role on the fake log: from failure records to reports, events and finished offsets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "fakes/bus_fake.h"
#include "fixture.h"
#include "net/clock.h"
#include "sample.h"
#include "smtp/envelope.h"

#define EVENT_BOUNCED_TYPE    SLICE("\"type\":\"hikyaku.mail.bounced\"")
#define EVENT_DOUBLE_TYPE     SLICE("\"type\":\"hikyaku.mail.double_bounce\"")
#define EVENT_SUPPRESSED_TYPE SLICE("\"type\":\"hikyaku.mail.suppressed\"")

static void test_failure_becomes_a_mail_from_null(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    fixture_store_original(f, failure, slice_str(SAMPLE_ORIGINAL));
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    struct record_work report = fixture_report_at(f, 0);
    assert_int_equal(report.envelope.from.len, 0);
    assert_true(report.envelope.is_report);
    assert_int_equal(report.rcpt_count, 1);
    assert_true(slice_eq(report.rcpts[0].address, SLICE("app-42@shop.test")));
    assert_int_equal(report.rcpts[0].notify, SMTP_NOTIFY_NEVER);
    assert_true(slice_eq(report.destination, SLICE("shop.test")));
    assert_true(slice_eq(report.parcel_id, report.envelope.mail_id));
    assert_int_equal(report.parcel_id.len, 20);
    assert_true(record_body_is_intact(report.body, report.envelope.size_bytes, report.body_crc32c));
    /* The original is un-stuffed into the report, and the report is stuffed as a whole. */
    assert_true(fixture_has(report.body, "Thank you.\r\n..signature\r\n--=_dsn_"));
    assert_int_equal(fixture_event_count(f, EVENT_BOUNCED_TYPE), 1);
    assert_true(fixture_has_metric(f, "hikyaku_bouncer_reports_total{format=\"multipart\","
                                      "action=\"failed\",target=\"rewritten\"} 1"));
}

static void test_repeated_record_gets_the_same_id(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    fixture_store_original(f, failure, slice_str(SAMPLE_ORIGINAL));
    fixture_publish_failure(f, failure);
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 2);
    assert_true(slice_eq(fixture_report_at(f, 0).parcel_id, fixture_report_at(f, 1).parcel_id));
    /* Another recipient, action or return path is another report. */
    failure->work.rcpts[0].index = 1;
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 3);
    assert_int_equal(fixture_report_count(f), 3);
    assert_false(slice_eq(fixture_report_at(f, 0).parcel_id, fixture_report_at(f, 2).parcel_id));
}

static void test_failing_report_ends_as_an_event(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    failure->work.envelope.is_report = true;
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 0);
    assert_int_equal(fixture_event_count(f, EVENT_DOUBLE_TYPE), 1);
    assert_true(fixture_has_metric(f, "hikyaku_bouncer_double_bounces_total 1"));
}

static void test_recipients_without_a_right_to_it_are_left_out(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure_of_three(f->arena);

    failure->work.rcpts[1].notify = SMTP_NOTIFY_NEVER;
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    struct record_work report = fixture_report_at(f, 0);
    assert_true(fixture_has(report.body, "Final-Recipient: rfc822; user1@dest.example.com"));
    assert_false(fixture_has(report.body, "user2@slow.example.net"));
    assert_int_equal(fixture_event_count(f, EVENT_BOUNCED_TYPE), 1);
    assert_int_equal(fixture_event_count(f, EVENT_SUPPRESSED_TYPE), 1);
    assert_true(fixture_has_metric(f, "hikyaku_bouncer_suppressed_total{reason=\"notify\"} 1"));
}

static void test_nobody_entitled_means_no_report(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    failure->work.rcpts[0].notify = SMTP_NOTIFY_SUCCESS;
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 0);
    assert_int_equal(fixture_event_count(f, EVENT_SUPPRESSED_TYPE), 1);
}

static void test_poison_record_goes_to_dead(void **state)
{
    struct fixture *f = *state;
    const struct bus_record poison = {.topic = BUS_FAILURE, .head = SLICE("\x01nonsense")};
    struct bus_delivery dead;

    (void)fixture_publish(f, &poison);
    fixture_publish_failure(f, sample_failure(f->arena));
    fixture_run_until_finished(f, 2);
    assert_int_equal(fixture_report_count(f), 1);
    assert_int_equal(bus_fake_count(f->hub, BUS_DEAD), 1);
    assert_true(bus_fake_record(f->hub, BUS_DEAD, 0, &dead));
    assert_true(fixture_has(dead.value, "bouncer"));
    assert_true(slice_ends_nocase(dead.value, SLICE("\x01nonsense")));
}

static void test_return_path_without_domain_goes_to_dead(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    failure->work.envelope.from = SLICE("nobody");
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 0);
    assert_int_equal(bus_fake_count(f->hub, BUS_DEAD), 1);
}

static void test_report_without_original_when_that_is_gone(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    fixture_store_original(f, failure, slice_str(SAMPLE_ORIGINAL));
    bus_fake_expire(f->hub, BUS_WORK, 0, failure->work.body_ref.last_offset + 1);
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_false(fixture_has(fixture_report_at(f, 0).body, "Return-Path:"));
    assert_true(fixture_has_metric(f, "hikyaku_bouncer_body_missing_total 1"));
}

static void test_damaged_original_is_not_returned(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    fixture_store_original(f, failure, slice_str(SAMPLE_ORIGINAL));
    failure->work.body_ref.crc32c ^= 1;
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_false(fixture_has(fixture_report_at(f, 0).body, "Return-Path:"));
}

/* Chunks of two mails in one partition, each found by its key. */
static void store_chunks(struct fixture *f, struct record_failure *failure,
                         const char *const *parts)
{
    struct record_body *ref = &failure->work.body_ref;

    failure->work.has_body_ref = true;
    *ref = (struct record_body){.topic = RECORD_BODY_CHUNKS};
    for (uint32_t i = 0; parts[i]; i++) {
        const struct record_chunk chunk = {i, parts[i + 1] ? 0 : i + 1, SLICE_NONE};
        struct buf head = {0};
        record_put_chunk(&head, &chunk);
        struct bus_record record = {.topic = BUS_BODY,
                                    .key = failure->work.envelope.mail_id,
                                    .head = buf_slice(&head),
                                    .body = slice_str(parts[i])};
        ref->last_offset = fixture_publish(f, &record);
        ref->first_offset = i ? ref->first_offset : ref->last_offset;
        ref->length += record.body.len;
        ref->crc32c = hash_crc32c(ref->crc32c, record.body);
        record.key = SLICE("another mail");
        (void)fixture_publish(f, &record);
        buf_free(&head);
    }
}

static void test_original_in_chunks_is_returned(void **state)
{
    static const char *const PARTS[] = {"Subject: x\r\n\r\none\r\n", "two\r\n..three\r\n", NULL};
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    store_chunks(f, failure, PARTS);
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_true(fixture_has(fixture_report_at(f, 0).body,
                            "Subject: x\r\n\r\none\r\ntwo\r\n..three\r\n--=_dsn_"));
}

static void test_headers_come_from_the_first_chunk_alone(void **state)
{
    static const char *const PARTS[] = {"Subject: x\r\n\r\none\r\n", "two\r\n", NULL};
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);

    store_chunks(f, failure, PARTS);
    failure->work.envelope.ret = SMTP_RET_HDRS;
    failure->work.body_ref.crc32c ^= 1; /* of a whole that is not read */
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    assert_true(fixture_has(fixture_report_at(f, 0).body,
                            "text/rfc822-headers\r\n\r\nReturn-Path: "
                            "<app-42@shop.test>\r\nSubject: x\r\n--=_dsn_"));
}

static void test_long_report_goes_out_in_chunks(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);
    struct buf original = {0};
    struct bus_delivery delivery;
    struct record_chunk chunk;
    struct err err;

    buf_add_str(&original, SAMPLE_ORIGINAL);
    while (original.len < 20000)
        buf_add_str(&original, "one more line\r\n");
    fixture_store_original(f, failure, buf_slice(&original));
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    struct record_work report = fixture_report_at(f, 0);
    assert_true(report.has_body_ref);
    assert_int_equal(report.body_ref.topic, RECORD_BODY_CHUNKS);
    assert_int_equal(bus_fake_count(f->hub, BUS_BODY), 1);
    assert_true(bus_fake_record(f->hub, BUS_BODY, 0, &delivery));
    assert_true(slice_eq(delivery.key, report.parcel_id));
    assert_int_equal(delivery.partition, report.body_ref.partition);
    assert_int_equal(record_get_chunk(f->arena, delivery.value, &chunk, &err), 0);
    assert_int_equal(chunk.total, 1);
    assert_true(record_body_is_intact(chunk.bytes, report.body_ref.length, report.body_ref.crc32c));
    buf_free(&original);
}

static void test_chunks_that_overtook_one_another_are_stored_anew(void **state)
{
    struct fixture *f = *state;
    struct record_failure *failure = sample_failure(f->arena);
    struct buf original = {0};

    buf_add_str(&original, SAMPLE_ORIGINAL);
    while (original.len < 100000)
        buf_add_str(&original, "one more line\r\n");
    fixture_store_original(f, failure, buf_slice(&original));
    bus_fake_overtake(f->hub, BUS_BODY);
    fixture_publish_failure(f, failure);
    fixture_run_until_finished(f, 1);
    struct record_work report = fixture_report_at(f, 0);
    assert_int_equal(bus_fake_count(f->hub, BUS_BODY), 4); /* two in vain */
    assert_int_equal(report.body_ref.first_offset, 2);
    assert_int_equal(report.body_ref.last_offset, 3);
    buf_free(&original);
}

static void test_refused_publication_is_repeated(void **state)
{
    struct fixture *f = *state;

    bus_fake_fail(f->hub, BUS_WORK, 1, ERR_RETRY, false);
    fixture_publish_failure(f, sample_failure(f->arena));
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 1);
    assert_int_equal(fixture_event_count(f, EVENT_BOUNCED_TYPE), 1);
}

/* A refused event repeats the event, not the report before it. */
static void test_refused_event_is_repeated_alone(void **state)
{
    struct fixture *f = *state;

    bus_fake_fail(f->hub, BUS_EVENT, 1, ERR_RETRY, false);
    fixture_publish_failure(f, sample_failure(f->arena));
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 1);
    assert_int_equal(fixture_event_count(f, EVENT_BOUNCED_TYPE), 1);
}

/* The record is not finished before both are durable. */
static void test_nothing_is_finished_while_the_log_is_away(void **state)
{
    struct fixture *f = *state;

    fixture_publish_failure(f, sample_failure(f->arena));
    bus_fake_hold(f->hub, true);
    for (int i = 0; i < 20; i++)
        loop_turn(f->loop, 1);
    assert_int_equal(bus_fake_committed(f->hub, BUS_FAILURE, "bouncer", 0), BUS_COMMITTED);
    bus_fake_hold(f->hub, false);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_report_count(f), 1);
}

static void test_more_records_than_may_be_in_flight(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 20; i++) {
        struct record_failure *failure = sample_failure(f->arena);
        failure->work.rcpts[0].index = i;
        fixture_publish_failure(f, failure);
    }
    fixture_run_until_finished(f, 20);
    assert_int_equal(fixture_report_count(f), 20);
}

static void test_lost_partition_is_worked_on_anew(void **state)
{
    struct fixture *f = *state;

    bus_fake_fail(f->hub, BUS_EVENT, 1, ERR_RETRY, false);
    fixture_publish_failure(f, sample_failure(f->arena));
    while (fixture_report_count(f) == 0)
        loop_turn(f->loop, 1);
    bus_fake_lose(f->hub, BUS_FAILURE, 0);
    fixture_run_until_finished(f, 1);
    assert_int_equal(fixture_event_count(f, EVENT_BOUNCED_TYPE), 1);
    for (size_t i = 1; i < fixture_report_count(f); i++)
        assert_true(slice_eq(fixture_report_at(f, i).parcel_id, fixture_report_at(f, 0).parcel_id));
}

static void test_drain_finishes_what_is_in_hand(void **state)
{
    struct fixture *f = *state;
    uint64_t deadline = clock_monotonic_ms() + DEADLINE_MS;

    bus_fake_fail(f->hub, BUS_WORK, 1, ERR_RETRY, false);
    fixture_publish_failure(f, sample_failure(f->arena));
    while (!fixture_has_metric(f, "hikyaku_bouncer_failures_total{action=\"failed\"} 1"))
        loop_turn(f->loop, 1);
    bouncer_role.drain(f->role);
    while (!f->env.state->is_drained && clock_monotonic_ms() < deadline)
        loop_turn(f->loop, 50);
    assert_true(f->env.state->is_drained);
    assert_int_equal(fixture_report_count(f), 1);
    assert_int_equal(bus_fake_committed(f->hub, BUS_FAILURE, "bouncer", 0), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_failure_becomes_a_mail_from_null),
        TEST(test_repeated_record_gets_the_same_id),
        TEST(test_failing_report_ends_as_an_event),
        TEST(test_recipients_without_a_right_to_it_are_left_out),
        TEST(test_nobody_entitled_means_no_report),
        TEST(test_poison_record_goes_to_dead),
        TEST(test_return_path_without_domain_goes_to_dead),
        TEST(test_report_without_original_when_that_is_gone),
        TEST(test_damaged_original_is_not_returned),
        TEST(test_original_in_chunks_is_returned),
        TEST(test_headers_come_from_the_first_chunk_alone),
        TEST(test_long_report_goes_out_in_chunks),
        TEST(test_chunks_that_overtook_one_another_are_stored_anew),
        TEST(test_refused_publication_is_repeated),
        TEST(test_refused_event_is_repeated_alone),
        TEST(test_nothing_is_finished_while_the_log_is_away),
        TEST(test_more_records_than_may_be_in_flight),
        TEST(test_lost_partition_is_worked_on_anew),
        TEST(test_drain_finishes_what_is_in_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
