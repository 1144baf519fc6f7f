/* SPDX-License-Identifier: Apache-2.0
 * What is on the log after each outcome, and in which order it came there (docs/reliability.md):
 * failures and events before the timer record, everything before the offset. */
#include "unit/sender/fixture.h"

#include "base/hash.h"
#include "sender/destination.h"
#include "sender/park.h"
#include "sender/partition.h"
#include "smtp/envelope.h"

static const char *rcpt_by_name(const char *local)
{
    if (strcmp(local, "nobody") == 0)
        return "550 5.1.1 No such user";
    if (strcmp(local, "later") == 0)
        return "450 4.2.0 Greylisted";
    return NULL;
}

static bool is_slice(struct slice s, const char *text)
{
    return slice_eq(s, slice_str(text));
}

static void test_delivered(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "user");
    offset = fixture_publish(&fixture, &work);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture.sink.mails[0].from, "app@shop.test");
    assert_string_equal(fixture.sink.mails[0].rcpts, "user@dest.test");
    assert_string_equal(fixture.sink.mails[0].body,
                        "Received: from a by b;\r\n now\r\nSubject: x\r\n\r\n..dot\r\nhi\r\n");
    assert_string_equal(fixture_events(&fixture), "delivered");
    fixture_wait_for(&fixture, BUS_TIMER, 0);
    fixture_wait_for(&fixture, BUS_FAILURE, 0);
    assert_int_equal(fixture_metric(&fixture,
                                    "sender_attempts_total{dest_group=\"other\",source_pool="
                                    "\"default\",result=\"delivered\",reason=\"reply\"}"),
                     1);
    fixture_end(&fixture);
}

static void test_s15_deferred_gets_a_timer_with_a_reference(void **state)
{
    struct record_timer timer;
    struct fixture fixture;
    struct record_work work;
    int64_t offset, earliest_ms;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.rcpt = rcpt_by_name;
    work = fixture_work(&fixture, "mail1", "later");
    earliest_ms = clock_wall_ms() + 240000; /* a * 1 + b */
    offset = fixture_publish(&fixture, &work);
    fixture_wait_finished(&fixture, offset);
    assert_string_equal(fixture_events(&fixture), "deferred");
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    timer = fixture_timer(&fixture, 0);
    assert_in_range(timer.due_ms, earliest_ms, earliest_ms + 5000);
    assert_true(is_slice(timer.reason, "deferred"));
    assert_int_equal(timer.work.attempt, 1);
    assert_false(timer.work.has_fence);
    assert_true(timer.work.has_body_ref);
    assert_int_equal(timer.work.body_ref.topic, RECORD_BODY_INLINE_OF_WORK);
    assert_int_equal(timer.work.body_ref.partition, 0);
    assert_int_equal(timer.work.body_ref.first_offset, offset);
    assert_int_equal(timer.work.body_ref.last_offset, offset);
    assert_int_equal(timer.work.body_ref.length, work.body.len);
    assert_int_equal(timer.work.body_ref.crc32c, work.body_crc32c);
    assert_int_equal(timer.work.rcpts[0].last.code, 450);
    assert_true(is_slice(timer.work.rcpts[0].last.status, "4.2.0"));
    assert_true(is_slice(timer.work.rcpts[0].last.text, "Greylisted"));
    assert_true(is_slice(timer.work.rcpts[0].last.stage, "RCPT TO"));
    assert_true(is_slice(timer.work.rcpts[0].last.mx_ip, "127.0.0.1"));
    fixture_wait_for(&fixture, BUS_FAILURE, 0);
    fixture_end(&fixture);
}

static void test_failed_gets_a_failure_record(void **state)
{
    struct record_failure failure;
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.rcpt = rcpt_by_name;
    work = fixture_work(&fixture, "mail1", "nobody");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_string_equal(fixture_events(&fixture), "failed");
    fixture_wait_for(&fixture, BUS_FAILURE, 1);
    failure = fixture_failure(&fixture, 0);
    assert_int_equal(failure.action, RECORD_FAILED);
    assert_true(is_slice(failure.event_id, "mail1.1.failed"));
    assert_true(failure.work.has_body_ref);
    assert_int_equal(failure.work.rcpts[0].last.code, 550);
    assert_int_equal(failure.work.rcpts[0].last.error_class, 2);
    assert_true(is_slice(failure.work.rcpts[0].last.status, "5.1.1"));
    fixture_wait_for(&fixture, BUS_TIMER, 0);
    fixture_end(&fixture);
}

static void test_w5_relayed_is_told_where_the_peer_has_no_dsn(void **state)
{
    struct record_failure failure;
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "asked silent");
    work.rcpts[0].notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE;
    work.rcpts[1].notify = SMTP_NOTIFY_FAILURE;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    fixture_wait_for(&fixture, BUS_FAILURE, 1);
    failure = fixture_failure(&fixture, 0);
    assert_int_equal(failure.action, RECORD_RELAYED);
    assert_true(is_slice(failure.event_id, "mail1.1.relayed"));
    assert_int_equal(failure.work.rcpt_count, 1);
    assert_int_equal(failure.work.rcpts[0].index, 0);
    fixture.sink.says.ehlo = "250-sink.test\r\n250 DSN";
    sink_cut(&fixture.sink); /* the next mail says EHLO again */
    WAIT_FOR(fixture.loop, fixture.sink.open == 0);
    work.parcel_id = work.envelope.mail_id = SLICE("mail2");
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    fixture_wait_for(&fixture, BUS_FAILURE, 1);
    assert_int_equal(fixture.sink.mail_count, 2);
    fixture_end(&fixture);
}

static void test_mixed_outcomes_in_order(void **state)
{
    struct record_failure failure;
    struct record_timer timer;
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.rcpt = rcpt_by_name;
    work = fixture_work(&fixture, "mail1", "fine nobody later fine2");
    /* As long as the failure record is not durable, there is no timer and no end. */
    bus_fake_fail(fixture.hub, BUS_FAILURE, 1000, ERR_RETRY, false);
    offset = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_EVENT) == 3);
    for (size_t i = 0; i < 10; i++)
        loop_turn(fixture.loop, 50);
    fixture_wait_for(&fixture, BUS_FAILURE, 0);
    fixture_wait_for(&fixture, BUS_TIMER, 0);
    assert_int_equal(bus_fake_committed(fixture.hub, BUS_WORK, "sender", 0), BUS_COMMITTED);
    bus_fake_fail(fixture.hub, BUS_FAILURE, 0, ERR_RETRY, false);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 1);
    assert_string_equal(fixture.sink.mails[0].rcpts, "fine@dest.test fine2@dest.test");
    failure = fixture_failure(&fixture, 0);
    assert_int_equal(failure.work.rcpt_count, 1);
    assert_int_equal(failure.work.rcpts[0].index, 1);
    timer = fixture_timer(&fixture, 0);
    assert_int_equal(timer.work.rcpt_count, 1);
    assert_int_equal(timer.work.rcpts[0].index, 2);
    /* The marks of what was committed are gone. */
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "ZRANGE w:{0} 0 -1"), "") == 0);
    fixture_end(&fixture);
}

static void test_timer_is_retried_until_it_is_durable(void **state)
{
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.rcpt = rcpt_by_name;
    bus_fake_fail(fixture.hub, BUS_TIMER, 2, ERR_RETRY, false);
    work = fixture_work(&fixture, "mail1", "later");
    offset = fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_EVENT) == 1);
    assert_int_equal(bus_fake_committed(fixture.hub, BUS_WORK, "sender", 0), BUS_COMMITTED);
    fixture_wait_finished(&fixture, offset);
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    assert_string_equal(fixture_events(&fixture), "deferred"); /* once */
    fixture_end(&fixture);
}

static void test_tombstone_ends_a_retry(void **state)
{
    struct bus_delivery tombstone;
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "user");
    work.attempt = 1;
    work.has_fence = true;
    work.fence = 7; /* the index is empty: unknown, so it goes on */
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.mail_count, 1);
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    assert_true(bus_fake_record(fixture.hub, BUS_TIMER, 0, &tombstone));
    assert_true(tombstone.is_tombstone);
    assert_true(is_slice(tombstone.key, "mail1"));
    fixture_end(&fixture);
}

static void test_no_tombstone_while_a_recipient_waits(void **state)
{
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    fixture.sink.says.rcpt = rcpt_by_name;
    work = fixture_work(&fixture, "mail1", "fine later");
    work.attempt = 3;
    work.has_fence = true;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    assert_int_equal(fixture_timer(&fixture, 0).work.attempt, 4);
    fixture_end(&fixture);
}

static void test_s11_expires_by_look_ahead(void **state)
{
    static const char *const MORE[] = {"configurations=({retry={period_s=3600;};})", NULL};
    struct record_failure failure;
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    fixture.sink.says.rcpt = rcpt_by_name;
    work = fixture_work(&fixture, "mail1", "later");
    work.attempt = 2; /* the next would come in 1200 s */
    work.has_fence = true;
    work.envelope.queued_at_ms -= 2500 * 1000;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_string_equal(fixture_events(&fixture), "expired");
    failure = fixture_failure(&fixture, 0);
    assert_true(is_slice(failure.event_id, "mail1.3.expired"));
    assert_true(is_slice(failure.work.rcpts[0].last.status, "4.4.7"));
    assert_int_equal(failure.work.rcpts[0].last.error_class, 3);
    assert_int_equal(failure.work.rcpts[0].last.code, 450); /* the last real reply stays */
    fixture_wait_for(&fixture, BUS_TIMER, 1);               /* the tombstone */
    fixture_end(&fixture);
}

static void test_first_attempt_after_the_period_expires_unsent(void **state)
{
    struct record_failure failure;
    struct fixture fixture;
    struct record_work work;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "user");
    work.envelope.queued_at_ms -= (int64_t)86401 * 1000;
    fixture_wait_finished(&fixture, fixture_publish(&fixture, &work));
    assert_int_equal(fixture.sink.connections, 0);
    assert_string_equal(fixture_events(&fixture), "expired");
    failure = fixture_failure(&fixture, 0);
    assert_int_equal(failure.work.attempt, 0);
    assert_int_equal(failure.work.rcpts[0].last.code, 0);
    assert_true(failure.work.rcpts[0].last.reason.len > 0);
    fixture_end(&fixture);
}

static void test_poison_goes_to_dead(void **state)
{
    struct bus_delivery dead;
    struct fixture fixture;
    struct record_work work;
    int64_t offset;

    (void)state;
    fixture_begin_started(&fixture, NULL);
    (void)fixture_publish_bytes(&fixture, BUS_WORK, SLICE("x"), SLICE("not a record"));
    work = fixture_work(&fixture, "mail1", "user");
    offset = fixture_publish(&fixture, &work);
    fixture_wait_finished(&fixture, offset);
    assert_int_equal(fixture.sink.mail_count, 1); /* the service goes on */
    fixture_wait_for(&fixture, BUS_DEAD, 1);
    assert_true(bus_fake_record(fixture.hub, BUS_DEAD, 0, &dead));
    assert_true(slice_find_slice(dead.value, SLICE("not a record")) < dead.value.len);
    fixture_end(&fixture);
}

/* The content goes with both parts, or both refer to the fan-out record. */
static void check_fanout(struct slice content, bool goes_along)
{
    struct fixture fixture;
    struct record_work work;
    struct bus_delivery record;
    struct err err;

    fixture_begin_started(&fixture, NULL);
    work = fixture_work(&fixture, "mail1", "a b");
    work.destination = SLICE_NONE;
    work.rcpts[1].address = SLICE("b@other.test");
    work.body = content;
    work.body_crc32c = hash_crc32c(0, content);
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, fixture.sink.mail_count == 2);
    fixture_wait_for(&fixture, BUS_WORK, 3);
    for (size_t i = 0; bus_fake_record(fixture.hub, BUS_WORK, i, &record); i++) {
        struct record_work part;
        assert_int_equal(record_get_work(fixture.arena, record.value, &part, &err), 0);
        if (!part.destination.len)
            continue;
        assert_int_equal(part.has_body_ref, !goes_along);
        if (goes_along) {
            assert_true(slice_eq(part.body, content));
            assert_int_equal(part.body_crc32c, work.body_crc32c);
        } else {
            assert_int_equal(part.body_ref.topic, RECORD_BODY_INLINE_OF_WORK);
            assert_int_equal(part.body_ref.length, content.len);
        }
        assert_int_equal(part.rcpt_count, 1);
    }
    assert_int_equal(fixture.sink.mails[0].body_len, work.envelope.trace.len + content.len);
    assert_int_equal(fixture.sink.mails[1].body_len, work.envelope.trace.len + content.len);
    WAIT_FOR(fixture.loop, bus_fake_count(fixture.hub, BUS_EVENT) == 2);
    fixture_end(&fixture);
}

/* Two parts: 64 KiB of content are as much as goes with them. */
static void test_fanout_becomes_parcels(void **state)
{
    struct buf content = {0};

    (void)state;
    buf_add_str(&content, "Subject: x\r\n\r\n");
    while (content.len < (size_t)64 * 1024 - 16)
        buf_add_str(&content, "123456\r\n");
    while (content.len < (size_t)64 * 1024 - 2)
        buf_add_char(&content, '1');
    buf_add_str(&content, "\r\n");
    check_fanout(SLICE("Subject: x\r\n\r\nhi\r\n"), true);
    check_fanout(buf_slice(&content), true);
    buf_add_str(&content, "\r\n");
    check_fanout(buf_slice(&content), false);
    buf_free(&content);
}

/* A transaction cut short by a doubt about ownership leaves some recipients deferred and others
 * without a verdict; when the parcel then has to wait, its one timer is for all of them. */
static void test_park_forgets_nobody(void **state)
{
    static const char *const MORE[] = {"sender.connections_per_destination=1", NULL};
    struct record_timer timer;
    struct fixture fixture;
    struct record_work work;
    struct sender *sender;
    struct parcel *parcel;

    (void)state;
    fixture_begin_started(&fixture, MORE);
    sender = fixture.role;
    fixture.sink.says.greeting = "-"; /* the first one keeps the slot */
    work = fixture_work(&fixture, "mail1", "user");
    (void)fixture_publish(&fixture, &work);
    work = fixture_work(&fixture, "mail2", "a later b");
    (void)fixture_publish(&fixture, &work);
    WAIT_FOR(fixture.loop, sender->partitions[0]->parcels.count == 2);
    parcel = LIST_OWNER(list_last(&sender->partitions[0]->parcels), struct parcel, partition_node);
    assert_int_equal(parcel->state, PARCEL_QUEUED);
    parcel->verdicts[0].kind = VERDICT_DELIVERED;
    parcel->verdicts[1].kind = VERDICT_DEFERRED;
    destination_unqueue(sender->destinations, parcel);
    park_parcel(parcel, "share");
    fixture_wait_for(&fixture, BUS_TIMER, 1);
    timer = fixture_timer(&fixture, 0);
    assert_int_equal(timer.work.attempt, 0);
    assert_int_equal(timer.work.rcpt_count, 2);
    assert_int_equal(timer.work.rcpts[0].index, 1);
    assert_int_equal(timer.work.rcpts[1].index, 2);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivered),
        cmocka_unit_test(test_s15_deferred_gets_a_timer_with_a_reference),
        cmocka_unit_test(test_failed_gets_a_failure_record),
        cmocka_unit_test(test_w5_relayed_is_told_where_the_peer_has_no_dsn),
        cmocka_unit_test(test_mixed_outcomes_in_order),
        cmocka_unit_test(test_timer_is_retried_until_it_is_durable),
        cmocka_unit_test(test_tombstone_ends_a_retry),
        cmocka_unit_test(test_no_tombstone_while_a_recipient_waits),
        cmocka_unit_test(test_s11_expires_by_look_ahead),
        cmocka_unit_test(test_first_attempt_after_the_period_expires_unsent),
        cmocka_unit_test(test_park_forgets_nobody),
        cmocka_unit_test(test_poison_goes_to_dead),
        cmocka_unit_test(test_fanout_becomes_parcels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
