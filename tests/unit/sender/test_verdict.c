/* SPDX-License-Identifier: Apache-2.0
 * The reply table of docs/smtp.md section 4, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sender/verdict.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static void check_status(struct smtp_enhanced status, const char *expected, const char *row)
{
    char text[12];

    if (strcmp(smtp_enhanced_text(status, text), expected) != 0)
        fail_msg("%s: status %s, not %s", row, text, expected);
}

/* clang-format off */
static const struct reply_row {
    const char *name;
    enum smtp_stage stage;
    struct smtp_reply reply;
    bool has_accepted;
    enum verdict_kind kind;
    enum verdict_next next;
    const char *status;
    unsigned error_class;
} REPLIES[] = {
    {"2xx to the dot", SMTP_STAGE_DOT,
     {250, {2, 0, 0}, {"ok", 2}}, true, VERDICT_DELIVERED, VERDICT_DECIDED, "2.0.0", 0},
    {"2xx to the dot, no enhanced code", SMTP_STAGE_DOT,
     {250, {0, 0, 0}, {"ok", 2}}, true, VERDICT_DELIVERED, VERDICT_DECIDED, "2.0.0", 0},
    {"4yz to RCPT", SMTP_STAGE_RCPT,
     {450, {4, 2, 0}, {"greylisted", 10}}, false, VERDICT_DEFERRED, VERDICT_DECIDED, "4.2.0", 99},
    {"5yz to RCPT", SMTP_STAGE_RCPT,
     {550, {5, 1, 1}, {"no such user", 12}}, false, VERDICT_FAILED, VERDICT_DECIDED, "5.1.1", 2},
    {"5yz to RCPT, another accepted", SMTP_STAGE_RCPT,
     {550, {0, 0, 0}, {"no", 2}}, true, VERDICT_FAILED, VERDICT_DECIDED, "5.0.0", 2},
    {"552 to RCPT, none accepted", SMTP_STAGE_RCPT,
     {552, {5, 2, 2}, {"full", 4}}, false, VERDICT_FAILED, VERDICT_DECIDED, "5.2.2", 5},
    {"552 to RCPT as 452", SMTP_STAGE_RCPT,
     {552, {5, 5, 3}, {"too many", 8}}, true, VERDICT_DEFERRED, VERDICT_FOLLOW_UP, "4.5.3", 5},
    {"452 to RCPT", SMTP_STAGE_RCPT,
     {452, {4, 5, 3}, {"too many", 8}}, true, VERDICT_DEFERRED, VERDICT_FOLLOW_UP, "4.5.3", 5},
    {"452 to RCPT, none accepted", SMTP_STAGE_RCPT,
     {452, {4, 3, 1}, {"no space", 8}}, false, VERDICT_DEFERRED, VERDICT_DECIDED, "4.3.1", 5},
    {"4yz to MAIL", SMTP_STAGE_MAIL,
     {451, {0, 0, 0}, {"later", 5}}, false, VERDICT_DEFERRED, VERDICT_DECIDED, "4.0.0", 99},
    {"5yz to MAIL", SMTP_STAGE_MAIL,
     {552, {5, 3, 4}, {"too big", 7}}, false, VERDICT_FAILED, VERDICT_DECIDED, "5.3.4", 8},
    {"4yz to DATA", SMTP_STAGE_DATA,
     {451, {4, 3, 0}, {"later", 5}}, true, VERDICT_DEFERRED, VERDICT_DECIDED, "4.3.0", 99},
    {"5yz to DATA", SMTP_STAGE_DATA,
     {554, {5, 5, 1}, {"no", 2}}, true, VERDICT_FAILED, VERDICT_DECIDED, "5.5.1", 99},
    {"4yz to the dot", SMTP_STAGE_DOT,
     {452, {4, 3, 1}, {"no space", 8}}, true, VERDICT_DEFERRED, VERDICT_DECIDED, "4.3.1", 5},
    {"5yz to the dot", SMTP_STAGE_DOT,
     {554, {5, 7, 1}, {"spam", 4}}, true, VERDICT_FAILED, VERDICT_DECIDED, "5.7.1", 4},
    {"blocklist", SMTP_STAGE_RCPT,
     {554, {5, 7, 1}, {"listed by SpamHaus", 18}}, false, VERDICT_FAILED, VERDICT_DECIDED, "5.7.1", 10},
    {"421 to MAIL", SMTP_STAGE_MAIL,
     {421, {4, 3, 2}, {"closing", 7}}, false, VERDICT_DEFERRED, VERDICT_DECIDED, "4.3.2", 99},
    {"421 to the dot", SMTP_STAGE_DOT,
     {421, {0, 0, 0}, {"closing", 7}}, true, VERDICT_DEFERRED, VERDICT_DECIDED, "4.0.0", 99},
    {"codes disagree", SMTP_STAGE_RCPT,
     {450, {5, 1, 1}, {"x", 1}}, false, VERDICT_DEFERRED, VERDICT_DECIDED, "4.0.0", 2},
    {"over quota, but 4yz", SMTP_STAGE_RCPT,
     {451, {4, 2, 2}, {"over quota", 10}}, false, VERDICT_DEFERRED, VERDICT_DECIDED, "4.2.2", 5},
    {"4xx greeting", SMTP_STAGE_GREETING,
     {421, {0, 0, 0}, {"busy", 4}}, false, VERDICT_DEFERRED, VERDICT_NEXT_HOST, "4.0.0", 99},
    {"5xx greeting", SMTP_STAGE_GREETING,
     {554, {5, 7, 1}, {"go away", 7}}, false, VERDICT_DEFERRED, VERDICT_NEXT_HOST, "4.7.1", 4},
    {"5xx to HELO", SMTP_STAGE_HELO,
     {502, {5, 5, 1}, {"what", 4}}, false, VERDICT_DEFERRED, VERDICT_NEXT_HOST, "4.5.1", 99},
    {"STARTTLS refused", SMTP_STAGE_TLS,
     {454, {4, 7, 0}, {"no tls", 6}}, false, VERDICT_DEFERRED, VERDICT_NEXT_HOST, "4.7.0", 4},
    {"3xx to the dot", SMTP_STAGE_DOT,
     {354, {0, 0, 0}, {"what", 4}}, true, VERDICT_DEFERRED, VERDICT_DECIDED, "4.5.0", 7},
};
/* clang-format on */

static void test_c14_reply_gives_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(REPLIES); i++) {
        struct verdict verdict =
            verdict_from_reply(REPLIES[i].stage, &REPLIES[i].reply, REPLIES[i].has_accepted);
        if (verdict.kind != REPLIES[i].kind || verdict.next != REPLIES[i].next)
            fail_msg("%s: kind %d next %d", REPLIES[i].name, (int)verdict.kind, (int)verdict.next);
        if (verdict.error_class != REPLIES[i].error_class)
            fail_msg("%s: class %u", REPLIES[i].name, verdict.error_class);
        check_status(verdict.status, REPLIES[i].status, REPLIES[i].name);
        assert_false(verdict.maybe_duplicate);
        assert_non_null(verdict.reason);
    }
}

static void test_c16_loss_gives_verdict(void **state)
{
    static const struct {
        enum smtp_stage stage;
        bool is_uncertain;
        enum verdict_next next;
        const char *status, *reason;
    } ROWS[] = {
        {SMTP_STAGE_CONNECT, false, VERDICT_NEXT_HOST, "4.4.1", "connect"},
        {SMTP_STAGE_GREETING, false, VERDICT_NEXT_HOST, "4.4.2", "lost"},
        {SMTP_STAGE_HELO, false, VERDICT_NEXT_HOST, "4.4.2", "lost"},
        {SMTP_STAGE_TLS, false, VERDICT_NEXT_HOST, "4.7.5", "tls"},
        {SMTP_STAGE_MAIL, false, VERDICT_NEXT_HOST, "4.4.2", "lost"},
        {SMTP_STAGE_DATA, false, VERDICT_NEXT_HOST, "4.4.2", "lost"},
        {SMTP_STAGE_DOT, true, VERDICT_DECIDED, "4.4.2", "uncertain"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct verdict verdict = verdict_from_loss(ROWS[i].stage, ROWS[i].is_uncertain);
        assert_int_equal(verdict.kind, VERDICT_DEFERRED);
        assert_int_equal(verdict.next, ROWS[i].next);
        assert_int_equal(verdict.maybe_duplicate, ROWS[i].is_uncertain);
        assert_string_equal(verdict.reason, ROWS[i].reason);
        check_status(verdict.status, ROWS[i].status, ROWS[i].reason);
    }
}

static void test_c1_route_gives_verdict(void **state)
{
    static const struct {
        enum route_status status;
        enum verdict_kind kind;
        const char *dsn;
        unsigned error_class;
    } ROWS[] = {
        {ROUTE_NO_DOMAIN, VERDICT_FAILED, "5.1.2", 1},
        {ROUTE_NULL_MX, VERDICT_FAILED, "5.1.10", 1},
        {ROUTE_NO_HOST, VERDICT_FAILED, "5.4.4", 1},
        {ROUTE_LOOP, VERDICT_FAILED, "5.4.6", 7},
        {ROUTE_TEMPORARY, VERDICT_DEFERRED, "4.4.3", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct verdict verdict = verdict_from_route(ROWS[i].status);
        assert_int_equal(verdict.kind, ROWS[i].kind);
        assert_int_equal(verdict.error_class, ROWS[i].error_class);
        check_status(verdict.status, ROWS[i].dsn, "route");
    }
}

/* S10 by its own words. What a lost connection was (refused, reset, timeout) makes no difference.
 */
static void test_s10_temporary_and_permanent_failures(void **state)
{
    const struct smtp_reply later = {451, {4, 3, 0}, SLICE("later")},
                            no = {550, {5, 1, 1}, SLICE("no")};

    (void)state;
    for (enum smtp_stage stage = SMTP_STAGE_MAIL; stage <= SMTP_STAGE_DOT; stage++) {
        assert_int_equal(verdict_from_reply(stage, &later, false).kind, VERDICT_DEFERRED);
        assert_int_equal(verdict_from_reply(stage, &no, false).kind, VERDICT_FAILED);
    }
    for (enum smtp_stage stage = SMTP_STAGE_CONNECT; stage <= SMTP_STAGE_DOT; stage++)
        assert_int_equal(verdict_from_loss(stage, stage == SMTP_STAGE_DOT).kind, VERDICT_DEFERRED);
    assert_int_equal(verdict_from_loss(SMTP_STAGE_TLS, false).kind, VERDICT_DEFERRED);
    assert_int_equal(verdict_from_route(ROUTE_TEMPORARY).kind, VERDICT_DEFERRED);
    assert_int_equal(verdict_from_route(ROUTE_NO_DOMAIN).kind, VERDICT_FAILED);
    assert_int_equal(verdict_from_route(ROUTE_NULL_MX).kind, VERDICT_FAILED);
}

static void test_a_proxy_is_never_a_permanent_failure(void **state)
{
    struct verdict target = verdict_from_proxy(PROXY_FAULT_TARGET);
    struct verdict itself = verdict_from_proxy(PROXY_FAULT_ITSELF);

    (void)state;
    assert_int_equal(target.kind, VERDICT_DEFERRED);
    assert_int_equal(target.next, VERDICT_NEXT_HOST);
    assert_int_equal(itself.kind, VERDICT_DEFERRED);
    assert_int_equal(itself.next, VERDICT_DECIDED);
    check_status(target.status, "4.4.0", "one address");
    check_status(itself.status, "4.4.0", "all");
}

static void test_s11_expiry_is_4_4_7(void **state)
{
    struct verdict verdict = verdict_from_expiry();

    (void)state;
    assert_int_equal(verdict.kind, VERDICT_EXPIRED);
    assert_int_equal(verdict.error_class, 3);
    check_status(verdict.status, "4.4.7", "expiry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c14_reply_gives_verdict),
        cmocka_unit_test(test_c16_loss_gives_verdict),
        cmocka_unit_test(test_c1_route_gives_verdict),
        cmocka_unit_test(test_s10_temporary_and_permanent_failures),
        cmocka_unit_test(test_a_proxy_is_never_a_permanent_failure),
        cmocka_unit_test(test_s11_expiry_is_4_4_7),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
