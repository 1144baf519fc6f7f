/* SPDX-License-Identifier: Apache-2.0
 * Transactions of the client engine by dialogue: pipelined and not, whose reply decides whom, what
 * goes on the wire (C8, C9, C11, C12, C14, C15, C24). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/dialogue.h"

#define TEXT_OF(literal)                                                                           \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct smtp_rcpt ONE[] = {{.address = TEXT_OF("b@b.test")}};
static const struct smtp_rcpt TWO[] = {{.address = TEXT_OF("b@b.test")},
                                       {.address = TEXT_OF("c@b.test")}};
static const struct smtp_rcpt DSN[] = {
    {.address = TEXT_OF("b@b.test"),
     .notify = SMTP_NOTIFY_NEVER,
     .orcpt = TEXT_OF("rfc822;b@b.test")},
    {.address = TEXT_OF("c@b.test"), .notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY}};
static const struct smtp_rcpt HOSTILE[] = {
    {.address = TEXT_OF("b@b.test>\r\nRSET")},
    {.address = TEXT_OF("c@b.test")},
    {.address = TEXT_OF("d@b.test"), .orcpt = TEXT_OF("x;a b")}};

#define FROM_A .from = {.address = TEXT_OF("a@app.test")}
#define TEXT   .trace = TEXT_OF("Received: x\r\n"), .body = TEXT_OF("\r\nhi\r\n..\r\n")

static const struct smtp_mail MAILS[] = {
    {FROM_A, .rcpts = ONE, .rcpt_count = 1, TEXT},
    {FROM_A, .rcpts = TWO, .rcpt_count = 2, TEXT},
    {.from = {.address = TEXT_OF(""),
              .body = SMTP_BODY_8BITMIME,
              .ret = SMTP_RET_HDRS,
              .envid = TEXT_OF("QQ+2B1")},
     .rcpts = DSN,
     .rcpt_count = 2,
     TEXT,
     .is_8bit = true},
    {FROM_A, .rcpts = ONE, .rcpt_count = 1,
     .body = TEXT_OF("x\r\n.\r\nMAIL FROM:<evil@x.test>\r\n")},
    {FROM_A, .rcpts = ONE, .rcpt_count = 1, .body = TEXT_OF("bare\nlf\r\n")},
    {FROM_A, .rcpts = HOSTILE, .rcpt_count = 3, TEXT},
    {.from = {.address = TEXT_OF("a@b\r\nRSET")}, .rcpts = ONE, .rcpt_count = 1, TEXT},
};

static void play(const char *script)
{
    const struct smtp_client_settings settings = {.hostname = "relay.test"};

    dialogue_client(&settings, MAILS, script);
}

#define HELLO "S: 220 mx.test\nC: EHLO relay.test\n"
#define PIPED HELLO "S: 250-mx.test\nS: 250-PIPELINING\nS: 250 SIZE 100\nE: ready\n"
#define PLAIN HELLO "S: 250 mx.test\nE: ready\n"
#define BODY  "C: Received: x\nC+ \nC+ hi\nC+ ..\nC+ .\n"
#define QUIT  "A: quit\nC: QUIT\n"

static void test_a_pipelined_mail_is_one_write_and_its_body_another(void **state)
{
    (void)state;
    play(PIPED "A: send 0\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\n"
               "C+ RCPT TO:<b@b.test>\n"
               "C+ DATA\n"
               "A: stage MAIL FROM\n"
               "S: 250 2.1.0 ok\n"
               "A: stage RCPT TO\n"
               "S: 250 2.1.5 ok\n"
               "A: stage DATA\n"
               "S: 354 go\n" BODY "A: stage end of DATA\n"
               "S: 250 2.0.0 queued\n"
               "E: rcpt b@b.test end of DATA 250 2.0.0 queued\n"
               "E: result reusable\n"
               "A: idle\n" QUIT);
}

static void test_without_pipelining_commands_go_one_by_one(void **state)
{
    (void)state;
    play(PLAIN "A: send 1\n"
               "C: MAIL FROM:<a@app.test>\n"
               "S: 250 ok\n"
               "C: RCPT TO:<b@b.test>\n"
               "S: 450 4.2.0 greylisted\n"
               "C: RCPT TO:<c@b.test>\n"
               "S: 250 ok\n"
               "C: DATA\n"
               "S: 354 go\n" BODY "S: 250 queued\n"
               "E: rcpt b@b.test RCPT TO 450 4.2.0 greylisted\n"
               "E: rcpt c@b.test end of DATA 250 queued\n"
               "E: result reusable\n");
}

static void test_c08_a_partial_refusal_is_attributed(void **state)
{
    (void)state;
    play(PIPED "A: send 1\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ RCPT TO:<c@b.test>\n"
               "C+ DATA\n"
               "S: 250 ok\nS: 550 5.1.1 no\nS: 250 ok\nS: 354 go\n" BODY "S: 250 queued\n"
               "E: rcpt b@b.test RCPT TO 550 5.1.1 no\n"
               "E: rcpt c@b.test end of DATA 250 queued\nE: result reusable\n");
}

static void test_c08_a_refused_mail_decides_all_and_needs_no_reset(void **state)
{
    (void)state;
    play(PIPED "A: send 1\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ RCPT TO:<c@b.test>\n"
               "C+ DATA\n"
               "S: 452 4.3.1 full\nS: 503 no\nS: 503 no\nS: 503 no\n"
               "E: rcpt b@b.test MAIL FROM 452 4.3.1 full\n"
               "E: rcpt c@b.test MAIL FROM 452 4.3.1 full\nE: result reusable\n"
               "A: send 0\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ DATA\n");
    play(PLAIN "A: send 0\n"
               "C: MAIL FROM:<a@app.test>\n"
               "S: 550 no\n"
               "E: rcpt b@b.test MAIL FROM 550 no\n"
               "E: result reusable\n"
               "A: send 0\n"
               "C: MAIL FROM:<a@app.test>\n");
}

static void test_c08_data_accepted_for_nobody_gets_a_lone_dot(void **state)
{
    (void)state;
    play(PIPED "A: send 0\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ DATA\n"
               "S: 250 ok\nS: 550 no\nS: 354 go\n"
               "C: .\n"
               "A: stage end of DATA\n"
               "S: 554 no valid recipients\n"
               "E: rcpt b@b.test RCPT TO 550 no\n"
               "E: result reusable\n"
               "A: send 0\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ DATA\n");
}

static void test_an_open_transaction_is_reset_with_the_next_mail(void **state)
{
    (void)state;
    play(PIPED "A: send 0\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ DATA\n"
               "S: 250 ok\nS: 550 no\nS: 503 no valid recipients\n"
               "E: rcpt b@b.test RCPT TO 550 no\n"
               "E: result reusable\n"
               "A: send 0\n"
               "C: RSET\nC+ MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ DATA\n"
               "S: 250 reset\nS: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "S: 250 queued\n"
               "E: rcpt b@b.test end of DATA 250 queued\n"
               "E: result reusable\n");
    play(PLAIN "A: send 0\n"
               "C: MAIL FROM:<a@app.test>\n"
               "S: 250 ok\n"
               "C: RCPT TO:<b@b.test>\n"
               "S: 550 no\n"
               "E: rcpt b@b.test RCPT TO 550 no\n"
               "E: result reusable\n"
               "A: send 0\n"
               "C: RSET\n"
               "S: 250 reset\n"
               "C: MAIL FROM:<a@app.test>\n");
}

static void test_c14_data_and_dot_refusals_decide_the_accepted(void **state)
{
    (void)state;
    play(PIPED "A: send 1\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ RCPT TO:<c@b.test>\n"
               "C+ DATA\n"
               "S: 250 ok\nS: 250 ok\nS: 452 4.5.3 too many\nS: 451 4.3.0 not now\n"
               "E: rcpt b@b.test DATA 451 4.3.0 not now\n"
               "E: rcpt c@b.test RCPT TO 452 4.5.3 too many\n"
               "E: result reusable\n"
               "A: send 0\n"
               "C: RSET\nC+ MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ DATA\n"
               "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "S: 554 5.7.1 spam\n"
               "E: rcpt b@b.test end of DATA 554 5.7.1 spam\n"
               "E: result reusable\n");
}

static void test_the_next_mail_may_be_sent_from_inside_a_result(void **state)
{
    (void)state;
    play(PIPED "A: send 0\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ DATA\n"
               "S: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "A: then 1\n"
               "S: 250 2.0.0 queued as 1\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<b@b.test>\nC+ RCPT TO:<c@b.test>\n"
               "C+ DATA\n"
               "E: rcpt b@b.test end of DATA 250 2.0.0 queued as 1\n"
               "E: result reusable\n"
               "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "S: 250 queued as 2\n"
               "E: rcpt b@b.test end of DATA 250 queued as 2\n"
               "E: rcpt c@b.test end of DATA 250 queued as 2\n"
               "E: result reusable\n");
}

static void test_c11_a_mail_the_peer_cannot_take_is_not_sent(void **state)
{
    (void)state;
    play(HELLO
         "S: 250-mx.test\nS: 250 SIZE 21\nE: ready\n"
         "A: send 0\n"
         "C: RSET\n"
         "S: 250 ok\n"
         "E: rcpt b@b.test MAIL FROM 552 5.3.4 The mail is bigger than the peer takes (ours)\n"
         "E: result reusable beyond\n");
    play(
        PLAIN
        "A: send 2\n"
        "C: RSET\n"
        "S: 250 ok\n"
        "E: rcpt b@b.test MAIL FROM 554 5.6.3 The mail is 8-bit, the peer takes 7-bit only (ours)\n"
        "E: rcpt c@b.test MAIL FROM 554 5.6.3 The mail is 8-bit, the peer takes 7-bit only (ours)\n"
        "E: result reusable beyond\n");
}

static void test_c11_our_refusal_stands_when_the_session_ends(void **state)
{
    (void)state;
    play(PLAIN "A: send 4\n"
               "C: RSET\n"
               "A: lost\n"
               "E: rcpt b@b.test MAIL FROM 554 5.6.0 The mail is not made of CRLF lines (ours)\n"
               "E: result lost unsent\n");
    play(PLAIN "A: send 4\n"
               "C: RSET\n"
               "S: 503 what\n"
               "E: rcpt b@b.test MAIL FROM 554 5.6.0 The mail is not made of CRLF lines (ours)\n"
               "E: result\n");
}

static void test_c12_dsn_parameters_are_passed_on_when_offered(void **state)
{
    (void)state;
    play(HELLO "S: 250-mx.test\nS: 250-DSN\nS: 250-pipelining\nS: 250 8bitmime\nE: ready\n"
               "A: send 2\n"
               "C: MAIL FROM:<> BODY=8BITMIME RET=HDRS ENVID=QQ+2B1\n"
               "C+ RCPT TO:<b@b.test> NOTIFY=NEVER ORCPT=rfc822;b@b.test\n"
               "C+ RCPT TO:<c@b.test> NOTIFY=SUCCESS,DELAY\n"
               "C+ DATA\n"
               "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "S: 250 queued\n"
               "E: rcpt b@b.test end of DATA 250 queued\n"
               "E: rcpt c@b.test end of DATA 250 queued\n"
               "E: result reusable dsn\n");
    play(HELLO "S: 250-mx.test\nS: 250 8BITMIME\nE: ready\n"
               "A: send 2\n"
               "C: MAIL FROM:<> BODY=8BITMIME\n"
               "S: 250 ok\n"
               "C: RCPT TO:<b@b.test>\n");
}

static void test_c15_recipients_above_the_peers_limit_wait(void **state)
{
    (void)state;
    play(HELLO "S: 250-mx.test\nS: 250-PIPELINING\nS: 250 LIMITS MAILMAX=9 RCPTMAX=1\nE: ready\n"
               "A: send 1\n"
               "C: MAIL FROM:<a@app.test>\nC+ RCPT TO:<b@b.test>\nC+ DATA\n"
               "S: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "S: 250 queued\n"
               "E: rcpt b@b.test end of DATA 250 queued\n"
               "E: rcpt c@b.test RCPT TO 452 4.5.3 The peer takes fewer recipients (ours)\n"
               "E: result reusable\n");
}

static void test_c09_c24_nothing_can_be_injected(void **state)
{
    (void)state;
    play(PIPED "A: send 3\n"
               "C: RSET\n"
               "S: 250 ok\n"
               "E: rcpt b@b.test MAIL FROM 554 5.6.0 The mail is not made of CRLF lines (ours)\n"
               "E: result reusable\n"
               "A: send 6\n"
               "C: RSET\n"
               "S: 250 ok\n"
               "E: rcpt b@b.test MAIL FROM 553 5.1.7 The sender's address cannot be sent (ours)\n"
               "E: result reusable\n"
               "A: send 5\n"
               "C: MAIL FROM:<a@app.test> SIZE=22\nC+ RCPT TO:<c@b.test>\nC+ DATA\n"
               "S: 250 ok\nS: 250 ok\nS: 354 go\n" BODY "S: 250 queued\n"
               "E: rcpt b@b.test>\\r\\nRSET RCPT TO 553 5.1.3 The address cannot be sent (ours)\n"
               "E: rcpt c@b.test end of DATA 250 queued\n"
               "E: rcpt d@b.test RCPT TO 553 5.1.3 The address cannot be sent (ours)\n"
               "E: result reusable\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pipelined_mail_is_one_write_and_its_body_another),
        cmocka_unit_test(test_without_pipelining_commands_go_one_by_one),
        cmocka_unit_test(test_c08_a_partial_refusal_is_attributed),
        cmocka_unit_test(test_c08_a_refused_mail_decides_all_and_needs_no_reset),
        cmocka_unit_test(test_c08_data_accepted_for_nobody_gets_a_lone_dot),
        cmocka_unit_test(test_an_open_transaction_is_reset_with_the_next_mail),
        cmocka_unit_test(test_c14_data_and_dot_refusals_decide_the_accepted),
        cmocka_unit_test(test_the_next_mail_may_be_sent_from_inside_a_result),
        cmocka_unit_test(test_c11_a_mail_the_peer_cannot_take_is_not_sent),
        cmocka_unit_test(test_c11_our_refusal_stands_when_the_session_ends),
        cmocka_unit_test(test_c12_dsn_parameters_are_passed_on_when_offered),
        cmocka_unit_test(test_c15_recipients_above_the_peers_limit_wait),
        cmocka_unit_test(test_c09_c24_nothing_can_be_injected),
    };

    return cmocka_run_group_tests_name("smtp/client", tests, NULL, NULL);
}
