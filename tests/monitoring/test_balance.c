/* SPDX-License-Identifier: Apache-2.0
 * The balance of mail: what is open, what is settled, and what a missing record does to it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "ctl/balance.h"

#define NOW_MS  ((int64_t)1700000000000)
#define LOST_MS ((int64_t)60000)

static struct balance *begin(void)
{
    const struct balance_limits limits = {.lost_after_ms = LOST_MS,
                                          .forget_after_ms = 7 * 86400000LL};
    return balance_new(&limits);
}

/* recipients: how many, from index 0. */
static void tell(struct balance *balance, const char *kind, const char *mail_id, size_t recipients)
{
    struct event_read event = {.kind = kind, .mail_id = mail_id, .created_ms = NOW_MS};

    event.recipients = json_array();
    for (size_t i = 0; i < recipients; i++)
        json_array_append_new(event.recipients, json_pack("{s:i}", "index", (int)i));
    balance_on_event(balance, &event);
    json_decref(event.recipients);
}

static void work(struct balance *balance, const char *mail_id, size_t recipients)
{
    struct record_rcpt rcpts[4] = {{.index = 0}, {.index = 1}, {.index = 2}, {.index = 3}};
    const struct record_work work = {
        .envelope = {.mail_id = slice_str(mail_id), .queued_at_ms = NOW_MS},
        .destination = slice_str("dest.example"),
        .rcpts = rcpts,
        .rcpt_count = recipients};

    balance_on_work(balance, &work);
}

static struct balance_figures count(struct balance **balance, int64_t age_ms)
{
    struct balance_figures figures;

    balance_count(*balance, NOW_MS + age_ms, &figures);
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

static void test_accepted_event_of_a_451_is_no_acceptance(void **state)
{
    struct balance *balance = begin();

    (void)state;
    tell(balance, "accepted", "a", 1);
    struct balance_figures figures = count(&balance, LOST_MS + 1);
    assert_int_equal(figures.refused_mails, 1);
    assert_int_equal(figures.accepted, 0);
    assert_int_equal(balance_drift(&figures), 0);
}

static void test_hostile_indexes_are_no_recipients(void **state)
{
    struct balance *balance = begin();
    struct event_read event = {.kind = "accepted", .mail_id = "a", .created_ms = NOW_MS};

    (void)state;
    event.recipients = json_pack("[{s:i},{s:I},{}]", "index", -1, "index", (json_int_t)1 << 40);
    balance_on_event(balance, &event);
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
        cmocka_unit_test(test_accepted_event_of_a_451_is_no_acceptance),
        cmocka_unit_test(test_hostile_indexes_are_no_recipients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
