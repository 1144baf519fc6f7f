/* SPDX-License-Identifier: Apache-2.0
 * MAIL and RCPT parameters, xtext (I14, I21, I22, I24). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtp/params.h"

static const struct {
    const char *text;
    unsigned code;
    bool has_dsn;
} MAIL[] = {
    {"", 0, false},
    {"  ", 0, false},
    {"SIZE=0", 0, false},
    {"size=18446744073709551615 body=8bitmime", 0, false},
    {"SIZE=18446744073709551616", 501, false},
    {"SIZE=000000000000000000001", 501, false},
    {"SIZE=", 501, false},
    {"SIZE", 501, false},
    {"SIZE=-1", 501, false},
    {"BODY=7BIT", 0, false},
    {"BODY=7", 501, false},
    {"BODY=7BIT BODY=8BITMIME", 501, false},
    {"RET=FULL ENVID=a+2Bb", 0, true},
    {"RET=FULL", 555, false},
    {"RET=BODY", 501, true},
    {"ENVID=", 501, true},
    {"ENVID=a+2", 501, true},
    {"ENVID=a+2b", 501, true},
    {"ENVID=a=b", 501, true},
    {"NOTIFY=NEVER", 555, true},
    {"=x", 555, true},
    {"SMTPUTF8", 555, true},
};

static void test_i14_mail_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MAIL / sizeof *MAIL; i++) {
        struct smtp_from from = {0};
        struct smtp_reply refusal =
            smtp_params_mail(slice_str(MAIL[i].text), MAIL[i].has_dsn, &from);
        if (refusal.code != MAIL[i].code)
            fail_msg("%s: %u", MAIL[i].text, (unsigned)refusal.code);
    }
}

static const struct {
    const char *text;
    unsigned code, notify;
} RCPT[] = {
    {"NOTIFY=NEVER", 0, SMTP_NOTIFY_NEVER},
    {"notify=success,Delay", 0, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY},
    {"NOTIFY=FAILURE ORCPT=rfc822;a@b.test", 0, SMTP_NOTIFY_FAILURE},
    {"NOTIFY=NEVER,FAILURE", 501, 0},
    {"NOTIFY=", 501, 0},
    {"NOTIFY=,DELAY", 501, 0},
    {"NOTIFY=DELAY,", 501, 0},
    {"NOTIFY=ALWAYS", 501, 0},
    {"ORCPT=rfc822;a+40b.test", 0, 0},
    {"ORCPT=a@b.test", 501, 0},
    {"ORCPT=;a@b.test", 501, 0},
    {"ORCPT=rfc822;", 501, 0},
    {"ORCPT=rfc 822;a", 501, 0},
    {"ORCPT=rfc(822;a", 501, 0},
    {"SIZE=1", 555, 0},
};

static void test_i24_rcpt_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RCPT / sizeof *RCPT; i++) {
        struct smtp_rcpt rcpt = {0};
        struct smtp_reply refusal = smtp_params_rcpt(slice_str(RCPT[i].text), true, &rcpt);
        if (refusal.code != RCPT[i].code || rcpt.notify != RCPT[i].notify)
            fail_msg("%s: %u, notify %u", RCPT[i].text, (unsigned)refusal.code, rcpt.notify);
    }
}

static void test_a_refusal_leaves_the_outputs_alone(void **state)
{
    struct smtp_from from = {.size_bytes = 7};

    (void)state;
    assert_int_equal(smtp_params_mail(SLICE("SIZE=9 ENVID=+"), true, &from).code, 501);
    assert_int_equal(from.size_bytes, 7);
    assert_int_equal(from.envid.len, 0);
}

/* n octets of x behind a prefix. */
static bool is_accepted(const char *prefix, size_t n, bool is_rcpt)
{
    struct smtp_from from = {0};
    struct smtp_rcpt rcpt = {0};
    struct buf text = {0};

    buf_add_str(&text, prefix);
    for (size_t i = 0; i < n; i++)
        buf_add_char(&text, 'x');
    struct smtp_reply refusal = is_rcpt ? smtp_params_rcpt(buf_slice(&text), true, &rcpt)
                                        : smtp_params_mail(buf_slice(&text), true, &from);
    buf_free(&text);
    return refusal.code == 0;
}

static void test_i24_lengths_of_envid_and_orcpt(void **state)
{
    (void)state;
    assert_true(is_accepted("ENVID=", 100, false));
    assert_false(is_accepted("ENVID=", 101, false));
    assert_true(is_accepted("ORCPT=rfc822;", 493, true));
    assert_false(is_accepted("ORCPT=rfc822;", 494, true));
}

static void test_xtext_encodes(void **state)
{
    struct buf out = {0};

    (void)state;
    smtp_xtext_encode(&out, SLICE("a+b=c \xc3\0~!"));
    assert_string_equal(buf_str(&out), "a+2Bb+3Dc+20+C3+00~!");
    assert_true(smtp_xtext_is_valid(buf_slice(&out)));
    buf_free(&out);
}

static void test_xtext_decodes(void **state)
{
    struct buf out = {0};

    (void)state;
    assert_true(smtp_xtext_is_valid(SLICE("a+2Bb+3D+00")));
    assert_false(smtp_xtext_is_valid(SLICE("")));
    assert_false(smtp_xtext_is_valid(SLICE("a b")));
    assert_false(smtp_xtext_is_valid(SLICE("+4")));
    smtp_xtext_decode(&out, SLICE("a+2Bb+3D+00"));
    assert_true(slice_eq(buf_slice(&out), SLICE("a+b=\0")));
    buf_free(&out);
}

static void test_notify_round_trip(void **state)
{
    struct buf out = {0};

    (void)state;
    smtp_notify_add(&out, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY);
    assert_string_equal(buf_str(&out), "SUCCESS,FAILURE,DELAY");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i14_mail_parameters),
        cmocka_unit_test(test_i24_rcpt_parameters),
        cmocka_unit_test(test_a_refusal_leaves_the_outputs_alone),
        cmocka_unit_test(test_i24_lengths_of_envid_and_orcpt),
        cmocka_unit_test(test_xtext_encodes),
        cmocka_unit_test(test_xtext_decodes),
        cmocka_unit_test(test_notify_round_trip),
    };

    return cmocka_run_group_tests_name("smtp/params", tests, NULL, NULL);
}
