/* SPDX-License-Identifier: Apache-2.0
 * What becomes of a mail: delivered, retried, refused, expired; and the order of the records that
 * make each step safe (docs/reliability.md). */
#include "path/sample.h"

#define WAIT_MS  ((int64_t)600 * 1000) /* retry.a_s below */
#define AHEAD_MS 100                   /* how far ahead of the real time a retry may be due */

static const char *const RETRY[] = {"configurations=({retry={interval=\"linear\"; a_s=600;};})",
                                    NULL};

/* Deferred in the past, so that the retry is due in the present. */
static void defer(struct rig *rig, const char *rcpts, struct slice content, int64_t wait_ms)
{
    clock_set_back(wait_ms - AHEAD_MS);
    assert_int_equal(rig_send(rig, RIG_SENDER, rcpts, content), 250);
    WAIT_FOR(rig->loop, journal_place(&rig->journal, 0, "timer") >= 0);
    clock_set_back(0);
}

static void test_delivered_at_once(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, NULL);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok@dest.test", buf_slice(&content)), 250);
    sample_check_arrival(rig_arrival(&rig, "ok@dest.test"), RIG_SENDER, buf_slice(&content));
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0), "work accepted delivered");
    assert_int_equal(rig.destination.mails.count, 1);
    rig_end(&rig);
    buf_free(&content);
}

static void test_greylisted_is_delivered_by_a_retry(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, RETRY);
    defer(&rig, "grey@dest.test", buf_slice(&content), WAIT_MS);
    assert_int_equal(rig.destination.mails.count, 0);
    sample_check_arrival(rig_arrival(&rig, "grey@dest.test"), RIG_SENDER, buf_slice(&content));
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0),
                        "work accepted deferred timer work delivered tombstone");
    assert_int_equal(rig.destination.mails.count, 1);
    rig_end(&rig);
    buf_free(&content);
}

static void test_refused_is_bounced(void **state)
{
    static const char *const LINES[] = {"Final-Recipient: rfc822; gone@dest.test\r\n",
                                        "Action: failed\r\n",
                                        "Status: 5.1.1\r\n",
                                        "Diagnostic-Code: smtp; 550 5.1.1 No such mailbox here\r\n",
                                        "Subject: a walk\r\n",
                                        NULL};
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, NULL);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "gone@dest.test", buf_slice(&content)), 250);
    sample_check_report(rig_arrival(&rig, RIG_SENDER), LINES);
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0), "work accepted failure failed bounced");
    assert_string_equal(journal_of(&rig.journal, 1), "work delivered");
    assert_true(journal_place(&rig.journal, 1, "work") < journal_place(&rig.journal, 0, "bounced"));
    assert_int_equal(rig.destination.mails.count, 1);
    rig_end(&rig);
    buf_free(&content);
}

/* service.events = false */
static void test_without_events_mail_goes_the_same_way(void **state)
{
    static const char *const QUIET[] = {
        "service.events=false", "configurations=({retry={interval=\"linear\"; a_s=600;};})", NULL};
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, QUIET);
    defer(&rig, "grey@dest.test", buf_slice(&content), WAIT_MS);
    (void)rig_arrival(&rig, "grey@dest.test");
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0), "work timer work tombstone");
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok@dest.test", buf_slice(&content)), 250);
    sample_check_arrival(rig_arrival(&rig, "ok@dest.test"), RIG_SENDER, buf_slice(&content));
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 1), "work");
    assert_int_equal(rig_send(&rig, RIG_SENDER, "gone@dest.test", buf_slice(&content)), 250);
    assert_non_null(rig_arrival(&rig, RIG_SENDER));
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 2), "work failure");
    assert_string_equal(journal_of(&rig.journal, 3), "work"); /* the report */
    assert_int_equal(bus_fake_count(rig.hub, BUS_EVENT), 0);
    rig_end(&rig);
    buf_free(&content);
}

static void test_one_refused_one_accepted(void **state)
{
    static const char *const LINES[] = {"Final-Recipient: rfc822; gone@dest.test\r\n", NULL};
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, NULL);
    assert_int_equal(rig_send(&rig, RIG_SENDER, "ok@dest.test gone@dest.test", buf_slice(&content)),
                     250);
    const struct destination_mail *report = rig_arrival(&rig, RIG_SENDER);
    sample_check_report(report, LINES);
    assert_int_equal(slice_find_slice(buf_slice(&report->content),
                                      SLICE("Final-Recipient: rfc822; ok@dest.test")),
                     report->content.len);
    sample_check_arrival(rig_arrival(&rig, "ok@dest.test"), RIG_SENDER, buf_slice(&content));
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0),
                        "work accepted failure failed delivered bounced");
    assert_int_equal(rig.destination.mails.count, 2);
    rig_end(&rig);
    buf_free(&content);
}

/* The refused one's failure is durable before the timer that leaves it out. */
static void test_one_of_each_kind(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, RETRY);
    defer(&rig, "ok@dest.test gone@dest.test grey@dest.test", buf_slice(&content), WAIT_MS);
    assert_true(journal_place(&rig.journal, 0, "failure") <
                journal_place(&rig.journal, 0, "timer"));
    sample_check_arrival(rig_arrival(&rig, "grey@dest.test"), RIG_SENDER, buf_slice(&content));
    (void)rig_arrival(&rig, RIG_SENDER);
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0),
                        "work accepted failure failed deferred delivered timer bounced work "
                        "delivered tombstone");
    assert_int_equal(destination_count(&rig.destination, "ok@dest.test"), 1);
    assert_int_equal(destination_count(&rig.destination, "grey@dest.test"), 1);
    assert_int_equal(destination_count(&rig.destination, RIG_SENDER), 1);
    rig_end(&rig);
    buf_free(&content);
}

static void test_expired_is_bounced_with_the_last_reply(void **state)
{
    static const char *const SHORT[] = {
        "configurations=({retry={interval=\"linear\"; a_s=40; period_s=60;};})", NULL};
    static const char *const LINES[] = {"Final-Recipient: rfc822; busy@dest.test\r\n",
                                        "Action: failed\r\n", "Status: 4.4.7 (retry timeout)\r\n",
                                        "Diagnostic-Code: smtp; 451 4.3.2 Busy for ever\r\n", NULL};
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, SHORT);
    defer(&rig, "busy@dest.test", buf_slice(&content), (int64_t)40 * 1000);
    sample_check_report(rig_arrival(&rig, RIG_SENDER), LINES);
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0),
                        "work accepted deferred timer work failure expired tombstone bounced");
    assert_int_equal(rig.destination.mails.count, 1);
    assert_int_equal(rig.destination.refusals, 2);
    rig_end(&rig);
    buf_free(&content);
}

static void test_null_sender_gets_no_bounce(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, NULL);
    assert_int_equal(rig_send(&rig, "", "gone@dest.test", buf_slice(&content)), 250);
    WAIT_FOR(rig.loop, journal_place(&rig.journal, 0, "double_bounce") >= 0);
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 0), "work accepted failure failed double_bounce");
    assert_string_equal(journal_of(&rig.journal, 1), "");
    assert_int_equal(rig.destination.mails.count, 0);
    rig_end(&rig);
    buf_free(&content);
}

/* A report that is refused in turn ends there. */
static void test_refused_bounce_ends_the_chain(void **state)
{
    struct rig rig;
    struct buf content = sample_content(2000);

    (void)state;
    rig_begin(&rig, NULL);
    assert_int_equal(rig_send(&rig, "gone@shop.test", "gone@dest.test", buf_slice(&content)), 250);
    WAIT_FOR(rig.loop, journal_place(&rig.journal, 1, "double_bounce") >= 0);
    rig_settle(&rig);
    assert_string_equal(journal_of(&rig.journal, 1), "work failure failed double_bounce");
    assert_string_equal(journal_of(&rig.journal, 2), "");
    assert_int_equal(rig.destination.mails.count, 0);
    rig_end(&rig);
    buf_free(&content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivered_at_once),
        cmocka_unit_test(test_greylisted_is_delivered_by_a_retry),
        cmocka_unit_test(test_refused_is_bounced),
        cmocka_unit_test(test_without_events_mail_goes_the_same_way),
        cmocka_unit_test(test_one_refused_one_accepted),
        cmocka_unit_test(test_one_of_each_kind),
        cmocka_unit_test(test_expired_is_bounced_with_the_last_reply),
        cmocka_unit_test(test_null_sender_gets_no_bounce),
        cmocka_unit_test(test_refused_bounce_ends_the_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
