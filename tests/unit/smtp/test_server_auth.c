/* SPDX-License-Identifier: Apache-2.0
 * AUTH by dialogue (I28): within TLS only, both mechanisms, with and without initial response, what
 * is refused, and how an exchange ends. Credentials are shop / secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"
#include "kit/dialogue.h"

#define EHLO                                                                                       \
    "C: EHLO app.test\n"                                                                           \
    "E: helo app.test\n"                                                                           \
    "S: 250-mx.test\nS: 250-PIPELINING\nS: 250-8BITMIME\nS: 250-ENHANCEDSTATUSCODES\n"             \
    "S: 250-SIZE 1000000\nS: 250-LIMITS RCPTMAX=5\nS: 250-DSN\n"
#define GREETING "S: 220 mx.test ESMTP\n"
#define SECURED  GREETING EHLO "S: 250 AUTH PLAIN LOGIN\n"
#define MAIL     "C: MAIL FROM:<a@app.test>\nE: mail <a@app.test>\nS: 250 2.1.0 Sender ok\n"
#define RIGHT    "A: phase verify\nA: auth right\nS: 235 2.7.0 Authenticated\n"
#define WRONG    "A: auth wrong\nS: 535 5.7.8 User or password is wrong\n"
#define PLAIN    "C: AUTH PLAIN AHNob3AAc2VjcmV0\nE: auth PLAIN shop secret\n"
#define BAD      "S: 501 5.5.2 No such credentials: base64 that the mechanism asks for\n"
#define ALREADY  "S: 503 5.5.1 Authenticated already\n"

/* TLS came before the greeting, so that scripts are about AUTH. */
static struct smtp_server_settings secured(void)
{
    struct smtp_server_settings settings = dialogue_server_settings();

    settings.has_starttls = false;
    settings.is_implicit_tls = true;
    settings.has_auth = true;
    return settings;
}

static void play(const char *script)
{
    struct smtp_server_settings settings = secured();

    dialogue_server(&settings, script);
}

static void play_clear(const char *script)
{
    struct smtp_server_settings settings = dialogue_server_settings();

    settings.has_auth = true;
    dialogue_server(&settings, script);
}

static void test_i28_auth_is_offered_within_tls_only(void **state)
{
    (void)state;
    play_clear(GREETING EHLO "S: 250 STARTTLS\n"
                             "C: AUTH PLAIN AHNob3AAc2VjcmV0\n"
                             "S: 538 5.7.11 Encryption required: STARTTLS first\n"
                             "C: STARTTLS\n"
                             "S: 220 2.0.0 Ready to start TLS\n"
                             "E: starttls\n"
                             "A: secured\n" EHLO "S: 250 AUTH PLAIN LOGIN\n" PLAIN RIGHT MAIL);
}

static void test_i28_auth_is_unknown_where_it_is_not_set_up(void **state)
{
    struct smtp_server_settings settings = dialogue_server_settings();

    (void)state;
    dialogue_server(&settings, GREETING EHLO "S: 250 STARTTLS\n"
                                             "C: AUTH PLAIN AHNob3AAc2VjcmV0\n"
                                             "S: 502 5.5.1 Command not implemented\n");
}

static void test_i28_plain(void **state)
{
    (void)state;
    play(SECURED PLAIN RIGHT MAIL);
    play(SECURED "C: auth plain\n"
                 "S: 334 \n"
                 "A: phase auth\n"
                 "C: AHNob3AAc2VjcmV0\n"
                 "E: auth PLAIN shop secret\n" RIGHT MAIL);
    play(SECURED "C: AUTH PLAIN c2hvcABzaG9wAHNlY3JldA==\n" /* acting for itself */
                 "E: auth PLAIN shop secret\n" RIGHT);
}

static void test_i28_login(void **state)
{
    (void)state;
    play(SECURED "C: AUTH LOGIN\n"
                 "S: 334 VXNlcm5hbWU6\n"
                 "C: c2hvcA==\n"
                 "S: 334 UGFzc3dvcmQ6\n"
                 "C: c2VjcmV0\n"
                 "E: auth LOGIN shop secret\n" RIGHT MAIL);
    play(SECURED "C: AUTH LOGIN c2hvcA==\n"
                 "S: 334 UGFzc3dvcmQ6\n"
                 "C: c2VjcmV0\n"
                 "E: auth LOGIN shop secret\n" RIGHT MAIL);
}

static void test_i28_bad_credentials_are_501_and_nobody_is_asked(void **state)
{
    static const char *const INITIAL[] = {
        "=",                        /* empty */
        "*",                        /* no base64 */
        "AHNob3AAc2VjcmV",          /* cut off */
        "AHNob3A=",                 /* no password's NUL */
        "AABzZWNyZXQ=",             /* empty user */
        "AHNob3AA",                 /* empty password */
        "AHNob3AAc2VjAHJldA==",     /* NUL in the password */
        "b3RoZXIAc2hvcABzZWNyZXQ=", /* acting for somebody else */
        "AHNob3AAc2VjcmV0 x",       /* one word too many */
    };

    (void)state;
    for (size_t i = 0; i < sizeof INITIAL / sizeof *INITIAL; i++) {
        struct buf script = {0};
        buf_add_str(&script, SECURED "C: AUTH PLAIN ");
        buf_add_str(&script, INITIAL[i]);
        buf_add_str(&script, "\n" BAD "A: phase command\n" PLAIN RIGHT);
        play(buf_str(&script));
        buf_free(&script);
    }
    play(SECURED "C: AUTH LOGIN\nS: 334 ...\nC: \nS: 334 ...\nC: c2VjcmV0\n" BAD PLAIN RIGHT);
    play(SECURED "C: AUTH LOGIN\nS: 334 ...\nC: ???\n" BAD PLAIN RIGHT);
}

static void test_i28_cancelled_and_unknown_mechanisms(void **state)
{
    (void)state;
    play(SECURED "C: AUTH PLAIN\nS: 334 \nC: *\nS: 501 5.5.2 AUTH cancelled\n" PLAIN RIGHT);
    play(SECURED "C: AUTH LOGIN c2hvcA==\nS: 334 ...\nC: *\nS: 501 5.5.2 AUTH cancelled\n" MAIL);
    play(SECURED "C: AUTH CRAM-MD5\nS: 504 5.5.4 Mechanism not offered\n"
                 "C: AUTH\nS: 501 5.5.4 Argument missing\n" PLAIN RIGHT);
}

static void test_i28_auth_parameter_of_mail(void **state)
{
    (void)state;
    play(SECURED "C: MAIL FROM:<a@app.test> AUTH=<>\n"
                 "E: mail <a@app.test>\n"
                 "S: 250 2.1.0 Sender ok\n"
                 "C: RSET\nE: reset\nS: 250 2.0.0 Ok\n"
                 "C: MAIL FROM:<a@app.test> AUTH=e+3Dmc2@app.test\n"
                 "E: mail <a@app.test>\n"
                 "S: 250 2.1.0 Sender ok\n"
                 "C: RSET\nE: reset\nS: 250 2.0.0 Ok\n"
                 "C: MAIL FROM:<a@app.test> AUTH=e+3mc2\n"
                 "S: 501 5.5.4 Bad value of a parameter\n"
                 "C: MAIL FROM:<a@app.test> AUTH=<> AUTH=<>\n"
                 "S: 501 5.5.4 Parameter given twice\n");
}

static void test_i28_once_and_not_within_a_transaction(void **state)
{
    (void)state;
    play(SECURED PLAIN RIGHT "C: AUTH PLAIN AHNob3AAc2VjcmV0\n" ALREADY EHLO
                             "S: 250 AUTH PLAIN LOGIN\n"
                             "C: AUTH LOGIN\n" ALREADY);
    play(SECURED MAIL "C: AUTH PLAIN AHNob3AAc2VjcmV0\nS: 503 5.5.1 Not inside a transaction\n");
    play(GREETING "C: AUTH PLAIN AHNob3AAc2VjcmV0\nS: 503 5.5.1 EHLO first\n"
                  "C: HELO app.test\nE: helo app.test\nS: 250 mx.test\n"
                  "C: AUTH PLAIN AHNob3AAc2VjcmV0\nS: 503 5.5.1 EHLO first\n");
}

static void test_i28_three_wrong_passwords_are_enough(void **state)
{
    (void)state;
    play(SECURED PLAIN WRONG PLAIN WRONG PLAIN RIGHT);
    play(SECURED PLAIN WRONG PLAIN WRONG PLAIN WRONG "C: AUTH PLAIN AHNob3AAc2VjcmV0\n"
                                                     "S: 421 4.7.0 Too many failed logins\n"
                                                     "E: quit\n");
}

static void test_i28_failures_count_as_errors(void **state)
{
    struct smtp_server_settings settings = secured();

    (void)state;
    settings.max_errors = 1;
    dialogue_server(&settings, SECURED PLAIN WRONG PLAIN "A: auth wrong\n"
                                                         "S: 421 4.7.0 Too many errors\n"
                                                         "E: quit\n");
}

static void test_i28_later_is_no_failure(void **state)
{
#define LATER "A: auth later\nS: 454 4.7.0 ...\n"
    (void)state;
    play(SECURED PLAIN LATER PLAIN LATER PLAIN LATER PLAIN LATER PLAIN RIGHT);
#define BLOCKED "A: auth blocked\nS: 454 4.7.0 Too many failed logins from your address, ...\n"
    play(SECURED PLAIN BLOCKED PLAIN BLOCKED PLAIN BLOCKED PLAIN BLOCKED PLAIN RIGHT);
}

static void test_i16_input_waits_for_the_verdict(void **state)
{
    (void)state;
    play(SECURED PLAIN "C: NOOP\n"
                       "A: phase verify\n"
                       "A: auth right\n"
                       "S: 235 2.7.0 Authenticated\n"
                       "S: 250 2.0.0 Ok\n");
    play(SECURED "C: AUTH PLAIN AGF0LW9uY2UAc2VjcmV0\n"
                 "C: NOOP\n"
                 "E: auth PLAIN at-once secret\n"
                 "S: 235 2.7.0 Authenticated\n"
                 "S: 250 2.0.0 Ok\n");
}

static void test_i12_shutdown_within_an_exchange(void **state)
{
    (void)state;
    play(SECURED "C: AUTH LOGIN\nS: 334 ...\nA: shutdown\nS: 421 4.3.2 ...\nE: quit\n"
                 "A: phase closed\n");
    play(SECURED PLAIN "A: shutdown\n"
                       "A: phase verify\n"
                       "A: auth right\n"
                       "S: 235 2.7.0 Authenticated\n"
                       "S: 421 4.3.2 ...\n"
                       "E: quit\n");
}

static void test_i01_i05_line_ends_and_control_octets_end_an_exchange(void **state)
{
    (void)state;
    play(SECURED "C: AUTH PLAIN\nS: 334 \nC| AHNob3AAc2VjcmV0\\n\n"
                 "S: 500 5.5.2 Only CRLF ends a line\n"
                 "C| \\r\\n\nA: phase command\n" MAIL);
    play(SECURED "C: AUTH PLAIN\nS: 334 \nC: AHNob3\\0AAc2VjcmV0\n"
                 "S: 500 5.5.2 Control octet in a command\nA: phase command\n" MAIL);
}

/* A script with `fill` times A between head and tail. */
static void play_long(const char *head, size_t fill, const char *tail)
{
    struct buf script = {0};

    buf_add_str(&script, head);
    for (size_t i = 0; i < fill; i++)
        buf_add_char(&script, 'A');
    buf_add_str(&script, tail);
    play(buf_str(&script));
    buf_free(&script);
}

static void test_i07_lines_of_auth_are_longer_and_bounded(void **state)
{
    (void)state;
    play_long(SECURED "C: AUTH PLAIN ", 12275, "\n" BAD MAIL);
    play_long(SECURED "C: AUTH PLAIN ", 12276, "\nS: 500 5.5.2 Line too long\n" MAIL);
    play_long(SECURED "C: AUTH PLAIN\nS: 334 \nC: ", 12286, "\n" BAD MAIL);
    play_long(SECURED "C: AUTH PLAIN\nS: 334 \nC: ", 12287,
              "\nS: 500 5.5.6 Line of AUTH is too long\nA: phase command\n" MAIL);
    play_long(SECURED "C: NOOP ", 2044, "\nS: 500 5.5.2 Line too long\n" MAIL);
}

/* "\0" user "\0" password with lengths at and over the bound. */
static void play_lengths(size_t user, size_t password, bool is_good)
{
    struct buf script = {0}, octets = {0}, name = {0}, secret = {0};

    for (size_t i = 0; i < user; i++)
        buf_add_char(&name, 'u');
    for (size_t i = 0; i < password; i++)
        buf_add_char(&secret, 'p');
    buf_add_char(&octets, '\0');
    buf_add(&octets, buf_slice(&name));
    buf_add_char(&octets, '\0');
    buf_add(&octets, buf_slice(&secret));
    buf_add_str(&script, SECURED "C: AUTH PLAIN ");
    base64_add(&script, buf_slice(&octets));
    if (is_good)
        buf_addf(&script, "\nE: auth PLAIN %s %s\n" RIGHT, buf_str(&name), buf_str(&secret));
    else
        buf_add_str(&script, "\n" BAD);
    play(buf_str(&script));
    buf_free(&script);
    buf_free(&octets);
    buf_free(&name);
    buf_free(&secret);
}

static void test_i28_credentials_have_at_most_255_octets(void **state)
{
    (void)state;
    play_lengths(255, 255, true);
    play_lengths(256, 1, false);
    play_lengths(1, 256, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i28_auth_is_offered_within_tls_only),
        cmocka_unit_test(test_i28_auth_is_unknown_where_it_is_not_set_up),
        cmocka_unit_test(test_i28_plain),
        cmocka_unit_test(test_i28_login),
        cmocka_unit_test(test_i28_bad_credentials_are_501_and_nobody_is_asked),
        cmocka_unit_test(test_i28_cancelled_and_unknown_mechanisms),
        cmocka_unit_test(test_i28_auth_parameter_of_mail),
        cmocka_unit_test(test_i28_once_and_not_within_a_transaction),
        cmocka_unit_test(test_i28_three_wrong_passwords_are_enough),
        cmocka_unit_test(test_i28_failures_count_as_errors),
        cmocka_unit_test(test_i28_later_is_no_failure),
        cmocka_unit_test(test_i16_input_waits_for_the_verdict),
        cmocka_unit_test(test_i12_shutdown_within_an_exchange),
        cmocka_unit_test(test_i01_i05_line_ends_and_control_octets_end_an_exchange),
        cmocka_unit_test(test_i07_lines_of_auth_are_longer_and_bounded),
        cmocka_unit_test(test_i28_credentials_have_at_most_255_octets),
    };

    return cmocka_run_group_tests_name("smtp/server_auth", tests, NULL, NULL);
}
