/* SPDX-License-Identifier: Apache-2.0
 * The server engine by dialogue: verbs, order, syntax, transactions (I3..I17, I22, I24, I26, I41).
 * Limits are in test_server_limits.c, the end of data in test_end_of_data.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/dialogue.h"

static void play(const char *script)
{
    struct smtp_server_settings settings = dialogue_server_settings();

    dialogue_server(&settings, script);
}

#define GREETING "S: 220 mx.test ESMTP\n"
#define EHLO                                                                                       \
    GREETING "C: EHLO app.test\n"                                                                  \
             "E: helo app.test\n"                                                                  \
             "S: 250-mx.test\n"                                                                    \
             "S: 250-PIPELINING\n"                                                                 \
             "S: 250-8BITMIME\n"                                                                   \
             "S: 250-ENHANCEDSTATUSCODES\n"                                                        \
             "S: 250-SIZE 1000000\n"                                                               \
             "S: 250-LIMITS RCPTMAX=5\n"                                                           \
             "S: 250-DSN\n"                                                                        \
             "S: 250 STARTTLS\n"
#define QUIT "C: QUIT\nS: 221 2.0.0 Bye\nE: quit\n"
#define MAIL "C: MAIL FROM:<a@app.test>\nE: mail <a@app.test>\nS: 250 2.1.0 Sender ok\n"
#define RCPT "C: RCPT TO:<b@b.test>\nE: rcpt <b@b.test>\nS: 250 2.1.5 Recipient ok\n"

static void test_a_mail_goes_through(void **state)
{
    (void)state;
    play(EHLO MAIL RCPT "C: DATA\n"
                        "S: 354 End data with <CR><LF>.<CR><LF>\n"
                        "C: Subject: hi\n"
                        "C: \n"
                        "C: text\n"
                        "C: .\n"
                        "E: data_end \"Subject: hi\\r\\n\\r\\ntext\\r\\n\"\n"
                        "A: phase answer\n"
                        "A: answer 250 2.0.0 Ok: queued as 7a\n"
                        "S: 250 2.0.0 Ok: queued as 7a\n" QUIT);
}

static void test_i03_half_a_command_gets_silence(void **state)
{
    (void)state;
    play(EHLO "C| NOO\n"
              "A: phase command\n"
              "C| P\\r\n"
              "A: phase command\n"
              "C| \\n\n"
              "S: 250 2.0.0 Ok\n");
}

static void test_i01_bare_lf_never_ends_a_command(void **state)
{
    (void)state;
    play(EHLO "C| MAIL FROM:<a@app.test>\\n\n"
              "S: 500 5.5.2 Only CRLF ends a line\n"
              "C: MAIL FROM:<smuggled@app.test>\n"
              "S: 500 5.5.2 Only CRLF ends a line\n" MAIL);
    play(EHLO MAIL "C| RCPT TO:<b@b.test\\nRCPT TO:<c@b.test>\\r\\nRSET\\n\\r\\n\n"
                   "S: 500 5.5.2 Only CRLF ends a line\n"
                   "S: 500 5.5.2 Only CRLF ends a line\n"
                   "S: 500 5.5.2 Only CRLF ends a line\n" RCPT);
}

static void test_i01_bare_cr_never_ends_a_command(void **state)
{
    (void)state;
    play(EHLO "C: NOOP\\rRSET\n"
              "S: 500 5.5.2 Control octet in a command\n"
              "C: NOOP\\r\n"
              "S: 500 5.5.2 Control octet in a command\n"
              "C: NOOP\n"
              "S: 250 2.0.0 Ok\n");
}

static void test_i05_control_octets_in_commands_are_refused(void **state)
{
    (void)state;
    play(EHLO "C: NOOP\\0\n"
              "S: 500 5.5.2 Control octet in a command\n"
              "C: MAIL FROM:<a\\x01@b.test>\n"
              "S: 500 5.5.2 Control octet in a command\n"
              "C: NO\\x7fOP\n"
              "S: 500 5.5.2 Control octet in a command\n"
              "C: NOOP\n"
              "S: 250 2.0.0 Ok\n");
}

static void test_i08_helo_lists_no_extensions_and_ehlo_resets(void **state)
{
    (void)state;
    play(GREETING "A: helo  smtp\n"
                  "C: HELO app.test\n"
                  "E: helo app.test\n"
                  "S: 250 mx.test\n"
                  "A: helo app.test smtp\n" MAIL RCPT "C: EHLO app.test\n"
                  "E: helo app.test\n"
                  "E: reset\n"
                  "S: 250-mx.test\n"
                  "S: 250-PIPELINING\n"
                  "S: 250-8BITMIME\n"
                  "S: 250-ENHANCEDSTATUSCODES\n"
                  "S: 250-SIZE 1000000\n"
                  "S: 250-LIMITS RCPTMAX=5\n"
                  "S: 250-DSN\n"
                  "S: 250 STARTTLS\n"
                  "A: helo app.test esmtp\n"
                  "C: RCPT TO:<b@b.test>\n"
                  "S: 503 5.5.1 MAIL first\n");
}

static void test_i08_ehlo_offers_only_what_is_set_up(void **state)
{
    const struct smtp_server_settings bare = {.hostname = "mx.test"};

    (void)state;
    dialogue_server(&bare, GREETING "C: ehlo [192.0.2.1]\n"
                                    "E: helo [192.0.2.1]\n"
                                    "S: 250-mx.test\n"
                                    "S: 250-PIPELINING\n"
                                    "S: 250-8BITMIME\n"
                                    "S: 250-ENHANCEDSTATUSCODES\n"
                                    "S: 250 SIZE\n"
                                    "C: STARTTLS\n"
                                    "S: 502 5.5.1 Command not implemented\n"
                                    "C: MAIL FROM:<a@b.test> RET=FULL\n"
                                    "S: 555 5.5.4 Parameter not offered\n");
}

static void test_i08_rset_is_250_and_never_closes(void **state)
{
    (void)state;
    play(EHLO "C: RSET\nS: 250 2.0.0 Ok\n" MAIL RCPT "C: RSET\n"
              "E: reset\n"
              "S: 250 2.0.0 Ok\n"
              "C: RCPT TO:<b@b.test>\n"
              "S: 503 5.5.1 MAIL first\n"
              "C: RSET now\n"
              "S: 501 5.5.4 No argument allowed\n" QUIT);
}

static void test_i10_bad_order_is_503(void **state)
{
    (void)state;
    play(EHLO "C: RCPT TO:<b@b.test>\n"
              "S: 503 5.5.1 MAIL first\n"
              "C: DATA\n"
              "S: 503 5.5.1 No valid recipient\n" MAIL "C: MAIL FROM:<c@app.test>\n"
              "S: 503 5.5.1 A mail is under way\n"
              "C: STARTTLS\n"
              "S: 503 5.5.1 Not inside a transaction\n" RCPT);
}

static void test_i10_mail_without_ehlo_is_allowed(void **state)
{
    (void)state;
    play(GREETING MAIL RCPT);
}

static void test_i11_harmless_verbs_leave_the_transaction_alone(void **state)
{
    (void)state;
    play(EHLO MAIL "C: NOOP anything goes\n"
                   "S: 250 2.0.0 Ok\n"
                   "C: VRFY someone\n"
                   "S: 252 2.5.0 Send the mail and see\n"
                   "C: EXPN list\n"
                   "S: 502 5.5.1 Command not implemented\n"
                   "C: HELP\n"
                   "S: 214 2.0.0 See RFC 5321\n"
                   "C: WHAT\n"
                   "S: 500 5.5.1 Unknown command\n" RCPT);
}

static void test_i13_verbs_have_no_case_and_addresses_keep_theirs(void **state)
{
    (void)state;
    play(EHLO "C: mAiL fRoM:<John.Doe@App.Test>   \n"
              "E: mail <John.Doe@App.Test>\n"
              "S: 250 2.1.0 Sender ok\n"
              "C: rcpt to:<PostMaster>\n"
              "E: rcpt <PostMaster>\n"
              "S: 250 2.1.5 Recipient ok\n"
              "C: RCPT TO: <@hop.test,@[192.0.2.7]:\"a @ b\"@[IPv6:2001:db8::1]>\\t\n"
              "E: rcpt <\"a @ b\"@[IPv6:2001:db8::1]>\n"
              "S: 250 2.1.5 Recipient ok\n");
}

static void test_i13_bad_addresses_are_501_with_a_reason(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:a@b.test\n"
              "S: 501 5.1.7 the address is not in angle brackets\n"
              "C: MAIL TO:<a@b.test>\n"
              "S: 501 5.5.4 Want FROM:<address>\n"
              "C: MAIL FROM:<a@b.test>x\n"
              "S: 501 5.5.4 Want FROM:<address>\n"
              "C: MAIL\n"
              "S: 501 5.5.4 Argument missing\n" MAIL "C: RCPT FROM:<b@b.test>\n"
              "S: 501 5.5.4 Want TO:<address>\n"
              "C: RCPT TO:<>\n"
              "S: 501 5.1.3 the local part is malformed\n"
              "C: RCPT TO:<b>\n"
              "S: 501 5.1.3 the domain is missing\n"
              "C: RCPT TO:<b@b.test>,<c@b.test>\n"
              "S: 501 5.5.4 Want TO:<address>\n"
              "C: RCPT TO:<\\xc3\\xa9@b.test>\n"
              "S: 501 5.1.3 the local part is malformed\n" RCPT);
}

static void test_i14_unknown_and_bad_parameters(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<a@b.test> AUTH=<>\n"
              "S: 555 5.5.4 Parameter not offered\n"
              "C: MAIL FROM:<a@b.test> SIZE=1 SIZE=1\n"
              "S: 501 5.5.4 Parameter given twice\n"
              "C: MAIL FROM:<a@b.test> SIZE=1k\n"
              "S: 501 5.5.4 Bad value of a parameter\n"
              "C: MAIL FROM:<a@b.test> BODY=BINARYMIME\n"
              "S: 501 5.5.4 Bad value of a parameter\n" MAIL "C: RCPT TO:<b@b.test> SIZE=1\n"
              "S: 555 5.5.4 Parameter not offered\n" RCPT);
}

static void test_i16_a_pipelined_mail_is_answered_in_order(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<a@app.test>\n"
              "C: RCPT TO:<nobody@b.test>\n"
              "C: RCPT TO:<b@b.test>\n"
              "C: DATA\n"
              "E: mail <a@app.test>\n"
              "S: 250 2.1.0 Sender ok\n"
              "E: rcpt <nobody@b.test>\n"
              "S: 550 5.1.1 No such user\n"
              "E: rcpt <b@b.test>\n"
              "S: 250 2.1.5 Recipient ok\n"
              "S: 354 End data with <CR><LF>.<CR><LF>\n"
              "C: one\n"
              "C: .\n"
              "C: MAIL FROM:<later@app.test>\n"
              "C: NOOP\n"
              "E: data_end \"one\\r\\n\"\n"
              "A: answer 250 2.0.0 Ok\n"
              "S: 250 2.0.0 Ok\n"
              "E: mail <later@app.test>\n"
              "S: 451 4.2.1 Come back later\n"
              "S: 250 2.0.0 Ok\n");
}

static void test_i17_data_without_a_valid_recipient_delivers_nothing(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<a@app.test>\n"
              "C: RCPT TO:<nobody@b.test>\n"
              "C: DATA\n"
              "E: mail <a@app.test>\n"
              "S: 250 2.1.0 Sender ok\n"
              "E: rcpt <nobody@b.test>\n"
              "S: 550 5.1.1 No such user\n"
              "S: 503 5.5.1 No valid recipient\n");
}

static void test_i22_body_8bitmime_is_kept(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<> BODY=8BITMIME SIZE=17\n"
              "E: mail <> size=17 8bit\n"
              "S: 250 2.1.0 Sender ok\n");
}

static void test_i24_dsn_parameters_are_kept_verbatim(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<a@b.test> RET=HDRS ENVID=QQ314+2B159\n"
              "E: mail <a@b.test> ret=hdrs envid=QQ314+2B159\n"
              "S: 250 2.1.0 Sender ok\n"
              "C: RCPT TO:<b@b.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+40ivory@b.test\n"
              "E: rcpt <b@b.test> notify=SUCCESS,DELAY orcpt=rfc822;Bob+40ivory@b.test\n"
              "S: 250 2.1.5 Recipient ok\n"
              "C: RCPT TO:<b@b.test> NOTIFY=NEVER,DELAY\n"
              "S: 501 5.5.4 Bad value of a parameter\n"
              "C: RCPT TO:<b@b.test> ORCPT=rfc822;a+4\n"
              "S: 501 5.5.4 Bad value of a parameter\n");
}

static void test_i26_starttls_resets_and_is_not_offered_again(void **state)
{
    (void)state;
    play(EHLO "C: STARTTLS\n"
              "S: 220 2.0.0 Ready to start TLS\n"
              "E: starttls\n"
              "A: phase tls\n"
              "A: secured\n"
              "A: helo  smtp\n"
              "C: EHLO app.test\n"
              "E: helo app.test\n"
              "S: 250-mx.test\n"
              "S: 250-PIPELINING\n"
              "S: 250-8BITMIME\n"
              "S: 250-ENHANCEDSTATUSCODES\n"
              "S: 250-SIZE 1000000\n"
              "S: 250-LIMITS RCPTMAX=5\n"
              "S: 250 DSN\n"
              "C: STARTTLS\n"
              "S: 503 5.5.1 TLS is up already\n");
}

static void test_i26_commands_injected_behind_starttls_close(void **state)
{
    struct smtp_server_settings settings = dialogue_server_settings();

    (void)state;
    dialogue_server_cut(&settings,
                        EHLO "C: STARTTLS\n"
                             "C: MAIL FROM:<injected@app.test>\n"
                             "S: 421 4.7.0 Octets behind STARTTLS\n"
                             "E: quit\n"
                             "A: phase closed\n",
                        DIALOGUE_WHOLE);
    dialogue_server_cut(&settings,
                        EHLO "C: STARTTLS\n"
                             "C: MAIL FROM:<injected@app.test>\n"
                             "S: 220 2.0.0 Ready to start TLS\n"
                             "E: starttls\n"
                             "E: quit\n"
                             "A: phase closed\n",
                        DIALOGUE_OCTETS);
}

static void test_i41_anything_but_a_2yz_answer_is_passed_on(void **state)
{
    (void)state;
    play(EHLO MAIL RCPT "C: DATA\n"
                        "S: 354 ...\n"
                        "C: .\n"
                        "E: data_end \"\"\n"
                        "A: answer 451 4.3.0 The log did not answer\n"
                        "S: 451 4.3.0 The log did not answer\n" MAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mail_goes_through),
        cmocka_unit_test(test_i03_half_a_command_gets_silence),
        cmocka_unit_test(test_i01_bare_lf_never_ends_a_command),
        cmocka_unit_test(test_i01_bare_cr_never_ends_a_command),
        cmocka_unit_test(test_i05_control_octets_in_commands_are_refused),
        cmocka_unit_test(test_i08_helo_lists_no_extensions_and_ehlo_resets),
        cmocka_unit_test(test_i08_ehlo_offers_only_what_is_set_up),
        cmocka_unit_test(test_i08_rset_is_250_and_never_closes),
        cmocka_unit_test(test_i10_bad_order_is_503),
        cmocka_unit_test(test_i10_mail_without_ehlo_is_allowed),
        cmocka_unit_test(test_i11_harmless_verbs_leave_the_transaction_alone),
        cmocka_unit_test(test_i13_verbs_have_no_case_and_addresses_keep_theirs),
        cmocka_unit_test(test_i13_bad_addresses_are_501_with_a_reason),
        cmocka_unit_test(test_i14_unknown_and_bad_parameters),
        cmocka_unit_test(test_i16_a_pipelined_mail_is_answered_in_order),
        cmocka_unit_test(test_i17_data_without_a_valid_recipient_delivers_nothing),
        cmocka_unit_test(test_i22_body_8bitmime_is_kept),
        cmocka_unit_test(test_i24_dsn_parameters_are_kept_verbatim),
        cmocka_unit_test(test_i26_starttls_resets_and_is_not_offered_again),
        cmocka_unit_test(test_i26_commands_injected_behind_starttls_close),
        cmocka_unit_test(test_i41_anything_but_a_2yz_answer_is_passed_on),
    };

    return cmocka_run_group_tests_name("smtp/server", tests, NULL, NULL);
}
