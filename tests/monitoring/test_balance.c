/* SPDX-License-Identifier: Apache-2.0
 * The balance of mail: what is open, what is settled, and what a missing record does to it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "ctl/balance.h"

#define NOW_MS     ((int64_t)1700000000000)
#define LOST_MS    ((int64_t)60000)
#define KEEP_MS    ((int64_t)7 * 86400000)
#define PROOF_MS   ((int64_t)2 * 86400000)
#define FORGOT_MS  ((int64_t)600001)
#define MEMORY_MAX ((size_t)1024 * 1024)

static struct balance *begin_with(size_t memory_bytes)
{
    const struct balance_limits limits = {.lost_after_ms = LOST_MS,
                                          .keep_ms = KEEP_MS,
                                          .horizon_ms = NOW_MS - KEEP_MS,
                                          .proof_ms = NOW_MS - PROOF_MS,
                                          .memory_bytes = memory_bytes};
    return balance_new(&limits);
}

static struct balance *begin(void)
{
    return begin_with(MEMORY_MAX);
}

/* recipients: how many, from index 0. The mail, and the record, are that much younger than NOW_MS.
 */
static void tell_at(struct balance *balance, const char *kind, const char *mail_id,
                    size_t recipients, int64_t after_ms)
{
    struct event_read event = {
        .kind = kind, .mail_id = mail_id, .report_id = "", .created_ms = NOW_MS + after_ms};

    event.recipients = json_array();
    for (size_t i = 0; i < recipients; i++)
        json_array_append_new(event.recipients, json_pack("{s:i}", "index", (int)i));
    balance_on_event(balance, &event, NOW_MS + after_ms);
    json_decref(event.recipients);
}

static void tell(struct balance *balance, const char *kind, const char *mail_id, size_t recipients)
{
    tell_at(balance, kind, mail_id, recipients, 0);
}

static void work(struct balance *balance, const char *mail_id, size_t recipients)
{
    struct record_rcpt rcpts[4] = {{.index = 0}, {.index = 1}, {.index = 2}, {.index = 3}};
    const struct record_work work = {
        .envelope = {.mail_id = slice_str(mail_id), .queued_at_ms = NOW_MS},
        .destination = slice_str("dest.example"),
        .rcpts = rcpts,
        .rcpt_count = recipients};

    balance_on_work(balance, &work, NOW_MS);
}

static struct balance_figures look(struct balance *balance, int64_t after_ms)
{
    struct balance_figures figures;

    balance_count(balance, NOW_MS + after_ms, &figures);
    return figures;
}

static struct balance_figures count(struct balance **balance, int64_t after_ms)
{
    struct balance_figures figures = look(*balance, after_ms);

    balance_free(balance);
    return figures;
}

static void test_settled_mail_leaves_nothing_open(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell(balance, "delivered", "a", 2); /* topics come side by side, in any order */
    tell(balance, "accepted", "a", 2);
    work(balance, "a", 2);
    tell(balance, "delivered", "a", 2); /* a repeat */
    struct balance_figures figures = count(&balance, LOST_MS * 2);
    assert_int_equal(figures.accepted, 2);
    assert_int_equal(figures.delivered, 2);
    assert_int_equal(figures.open_mails, 0);
    assert_int_equal(balance_drift(&figures), 0);
}

static void test_open_mail_has_an_age(void **state)
{
    struct balance *balance = begin();

    (void)state;
    work(balance, "a", 3);
    tell(balance, "deferred", "a", 3);
    tell(balance, "failed", "a", 1);
    struct balance_figures figures = count(&balance, 20000);
    assert_int_equal(figures.open, 2);
    assert_int_equal(figures.open_mails, 1);
    assert_int_equal(figures.oldest_open_ms, 20000);
    assert_int_equal(figures.failed, 1);
    assert_int_equal(balance_drift(&figures), 0);
}

static void test_mail_without_an_outcome_is_missing(void **state)
{
    struct balance *balance = begin();

    (void)state;
    work(balance, "a", 2);
    tell(balance, "accepted", "a", 2);
    tell(balance, "delivered", "a", 1);
    struct balance_figures figures = count(&balance, LOST_MS + 1);
    assert_int_equal(figures.missing, 1);
    assert_int_equal(figures.open, 0);
    assert_int_equal(balance_drift(&figures), 1);
}

static void test_outcome_without_an_acceptance_is_unproven(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell(balance, "delivered", "a", 1);
    struct balance_figures figures = count(&balance, 20000);
    assert_int_equal(figures.unproven, 1);
    assert_int_equal(balance_drift(&figures), 1);
}

static void test_two_faults_do_not_hide_each_other(void **state)
{
    struct balance *balance = begin();

    (void)state;
    work(balance, "a", 1);
    tell(balance, "expired", "b", 1);
    struct balance_figures figures = count(&balance, LOST_MS + 1);
    assert_int_equal(balance_drift(&figures), 2);
}

/* The work record is gone, and with it every further attempt: the accepted event is proof enough.
 */
static void test_removed_work_record_is_found(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell(balance, "accepted", "a", 2);
    struct balance_figures figures = look(balance, LOST_MS);
    assert_int_equal(figures.open_mails, 1);
    assert_int_equal(balance_drift(&figures), 0);
    figures = look(balance, LOST_MS + 1);
    assert_int_equal(figures.missing, 2);
    assert_int_equal(figures.open_mails, 0);
    figures = count(&balance, KEEP_MS);
    assert_int_equal(balance_drift(&figures), 2); /* and does not go away by itself */
}

/* The outcome's record is gone: the mail looks as if it were on its way, for too long. */
static void test_removed_outcome_is_found(void **state)
{
    struct balance *balance = begin();

    (void)state;
    work(balance, "a", 1);
    tell(balance, "accepted", "a", 1);
    tell(balance, "deferred", "a", 1);
    struct balance_figures figures = count(&balance, LOST_MS + 1);
    assert_int_equal(figures.missing, 1);
}

/* An ingress died between the work record and its event. */
static void test_work_record_alone_is_an_acceptance(void **state)
{
    struct balance *balance = begin();

    (void)state;
    work(balance, "a", 1);
    tell(balance, "delivered", "a", 1);
    struct balance_figures figures = count(&balance, LOST_MS + 1);
    assert_int_equal(figures.accepted, 1);
    assert_int_equal(balance_drift(&figures), 0);
}

/* Nobody has seen the report's own records. */
static void test_lost_report_is_found_by_the_event_that_names_it(void **state)
{
    struct balance *balance = begin();
    const struct event_read bounced = {.kind = "bounced",
                                       .mail_id = "a",
                                       .report_id = "r",
                                       .time = "2023-11-14T22:13:20.000Z", /* NOW_MS */
                                       .created_ms = NOW_MS};

    (void)state;
    tell(balance, "accepted", "a", 1);
    tell(balance, "failed", "a", 1);
    balance_on_event(balance, &bounced, NOW_MS);
    struct balance_figures figures = look(balance, 0);
    assert_int_equal(figures.accepted, 2);
    assert_int_equal(figures.open_mails, 1);
    figures = count(&balance, LOST_MS + 1);
    assert_int_equal(figures.missing, 1);
}

static void test_settled_mail_is_forgotten_and_stays_counted(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell(balance, "accepted", "a", 1);
    tell(balance, "delivered", "a", 1);
    assert_true(look(balance, FORGOT_MS - 1).memory_bytes > 0);
    struct balance_figures figures = look(balance, FORGOT_MS);
    assert_int_equal(figures.memory_bytes, 0);
    assert_int_equal(figures.accepted, 1);
    assert_int_equal(figures.delivered, 1);
    tell(balance, "delivered", "a", 1); /* repeats that come very late prove nothing */
    work(balance, "a", 1);
    figures = count(&balance, FORGOT_MS + LOST_MS + 1);
    assert_int_equal(figures.delivered, 1);
    assert_int_equal(balance_drift(&figures), 0);
}

static void test_open_mail_is_not_forgotten(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell(balance, "accepted", "a", 1);
    tell_at(balance, "accepted", "b", 1, 1000);
    tell_at(balance, "delivered", "b", 1, 1000);
    (void)look(balance, FORGOT_MS + 1000); /* b goes, and it is younger than a */
    tell(balance, "delivered", "a", 1);
    struct balance_figures figures = count(&balance, FORGOT_MS + 1000);
    assert_int_equal(figures.delivered, 2);
    assert_int_equal(balance_drift(&figures), 0);
}

/* Its acceptance was in the log once. */
static void test_outcome_from_before_the_log_proves_nothing(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell_at(balance, "delivered", "a", 1, -KEEP_MS - 1);
    struct balance_figures figures = count(&balance, 20000);
    assert_int_equal(balance_drift(&figures), 0);
}

/* The accepted event was never published (an ingress died), and the work record is gone by now. */
static void test_outcome_from_before_the_work_records_proves_nothing(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell_at(balance, "delivered", "a", 1, -PROOF_MS - 1);
    tell_at(balance, "accepted", "b", 1, -PROOF_MS - 1);
    struct balance_figures figures = look(balance, 20000);
    assert_int_equal(figures.unproven, 0);
    assert_int_equal(figures.missing, 1); /* an acceptance is one, however old */
    tell_at(balance, "delivered", "c", 1, -PROOF_MS);
    figures = count(&balance, 20000);
    assert_int_equal(figures.unproven, 1);
}

static void test_memory_is_bounded_and_what_does_not_fit_is_told(void **state)
{
    struct balance *balance = begin_with(20000);
    size_t mails = 0;

    (void)state;
    for (; look(balance, 0).unfollowed_mails == 0; mails++) {
        char id[16] = "mail-0000";
        id[5] = (char)('a' + mails / 26 % 26);
        id[6] = (char)('a' + mails % 26);
        tell_at(balance, "accepted", id, 1, (int64_t)mails);
    }
    assert_in_range(mails, 50, 200);
    tell_at(balance, "delivered", "mail-zz00", 1, (int64_t)mails - 1); /* of one not followed */
    struct balance_figures figures = count(&balance, 20000);
    assert_in_range(figures.memory_bytes, 1, 21000);
    assert_int_equal(figures.open_mails, mails - 1);
    assert_int_equal(balance_drift(&figures), 0);
}

static void test_hostile_indexes_are_no_recipients(void **state)
{
    struct balance *balance = begin();
    struct event_read event = {
        .kind = "accepted", .mail_id = "a", .report_id = "", .created_ms = NOW_MS};

    (void)state;
    event.recipients = json_pack("[{s:i},{s:I},{}]", "index", -1, "index", (json_int_t)1 << 40);
    balance_on_event(balance, &event, NOW_MS);
    json_decref(event.recipients);
    work(balance, "a", 0);
    struct balance_figures figures = count(&balance, 20000);
    assert_int_equal(figures.accepted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settled_mail_leaves_nothing_open),
        cmocka_unit_test(test_open_mail_has_an_age),
        cmocka_unit_test(test_mail_without_an_outcome_is_missing),
        cmocka_unit_test(test_outcome_without_an_acceptance_is_unproven),
        cmocka_unit_test(test_two_faults_do_not_hide_each_other),
        cmocka_unit_test(test_removed_work_record_is_found),
        cmocka_unit_test(test_removed_outcome_is_found),
        cmocka_unit_test(test_work_record_alone_is_an_acceptance),
        cmocka_unit_test(test_lost_report_is_found_by_the_event_that_names_it),
        cmocka_unit_test(test_settled_mail_is_forgotten_and_stays_counted),
        cmocka_unit_test(test_open_mail_is_not_forgotten),
        cmocka_unit_test(test_outcome_from_before_the_log_proves_nothing),
        cmocka_unit_test(test_outcome_from_before_the_work_records_proves_nothing),
        cmocka_unit_test(test_memory_is_bounded_and_what_does_not_fit_is_told),
        cmocka_unit_test(test_hostile_indexes_are_no_recipients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
