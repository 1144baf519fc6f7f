/* SPDX-License-Identifier: Apache-2.0
 * Sessions that end in the middle of a mail: lost, 421, garbage, at each stage (C14, C16, C17 and
 * the pool rule: nothing happened before MAIL was answered). */
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

static const struct smtp_rcpt TWO[] = {{.address = TEXT_OF("b@b.test")},
                                       {.address = TEXT_OF("c@b.test")}};
static const struct smtp_mail MAIL = {.from = {.address = TEXT_OF("a@app.test")},
                                      .rcpts = TWO,
                                      .rcpt_count = 2,
                                      .body = TEXT_OF("\r\nhi\r\n")};

static void play(const char *script)
{
    const struct smtp_client_settings settings = {.hostname = "relay.test"};

    dialogue_client(&settings, &MAIL, script);
}

#define SEND                                                                                       \
    "S: 220 mx.test\nC: EHLO relay.test\nS: 250-mx.test\nS: 250 PIPELINING\nE: ready\nA: send 0\n" \
    "C: MAIL FROM:<a@app.test>\nC+ RCPT TO:<b@b.test>\nC+ RCPT TO:<c@b.test>\nC+ DATA\n"
#define ACCEPT "S: 250 ok\nS: 550 no\nS: 250 ok\nS: 354 go\nC: \nC+ hi\nC+ .\n"

static void test_lost_before_mail_was_answered_is_unsent(void **state)
{
    (void)state;
    play(SEND "A: lost\n"
              "E: rcpt b@b.test MAIL FROM 0\n"
              "E: rcpt c@b.test MAIL FROM 0\n"
              "E: result lost unsent\n"
              "A: lost\n");
}

static void test_rset_refused_is_unsent(void **state)
{
    (void)state;
    play(SEND "S: 250 ok\nS: 550 no\nS: 550 no\nS: 503 no\n"
              "E: rcpt b@b.test RCPT TO 550 no\n"
              "E: rcpt c@b.test RCPT TO 550 no\n"
              "E: result reusable\n"
              "A: send 0\n"
              "C: RSET\nC+ MAIL FROM:<a@app.test>\nC+ RCPT TO:<b@b.test>\nC+ RCPT TO:<c@b.test>\n"
              "C+ DATA\n"
              "S: 503 what\n"
              "E: rcpt b@b.test MAIL FROM 0\n"
              "E: rcpt c@b.test MAIL FROM 0\n"
              "E: result lost unsent\n");
}

static void test_lost_between_keeps_what_was_decided(void **state)
{
    (void)state;
    play(SEND "S: 250 ok\nS: 550 5.1.1 no\nA: lost\n"
              "E: rcpt b@b.test RCPT TO 550 5.1.1 no\n"
              "E: rcpt c@b.test RCPT TO 0\n"
              "E: result lost\n");
    play(SEND "S: 250 ok\nS: 550 5.1.1 no\nS: 250 ok\nA: lost\n"
              "E: rcpt b@b.test RCPT TO 550 5.1.1 no\n"
              "E: rcpt c@b.test DATA 0\n"
              "E: result lost\n");
}

static void test_c16_lost_after_the_final_dot_is_uncertain(void **state)
{
    (void)state;
    play(SEND ACCEPT "A: lost\n"
                     "E: rcpt b@b.test RCPT TO 550 no\n"
                     "E: rcpt c@b.test end of DATA 0\n"
                     "E: result lost uncertain\n");
}

static void test_c16_garbage_after_the_final_dot_is_uncertain(void **state)
{
    (void)state;
    play(SEND ACCEPT "S: what?\n"
                     "E: rcpt b@b.test RCPT TO 550 no\n"
                     "E: rcpt c@b.test end of DATA 0\n"
                     "E: result lost uncertain\n");
    play(SEND ACCEPT "S: 354 again\n"
                     "E: rcpt b@b.test RCPT TO 550 no\n"
                     "E: rcpt c@b.test end of DATA 0\n"
                     "E: result lost uncertain\n");
}

static void test_c16_a_lone_dot_is_never_uncertain(void **state)
{
    (void)state;
    play(SEND "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\n"
              "C: .\n"
              "A: lost\n"
              "E: rcpt b@b.test RCPT TO 550 no\n"
              "E: rcpt c@b.test RCPT TO 550 no\n"
              "E: result lost\n");
    play(SEND "S: 250 ok\nS: 550 no\nS: 550 no\nS: 354 go\n"
              "C: .\n"
              "S: 354 again\n"
              "E: rcpt b@b.test RCPT TO 550 no\n"
              "E: rcpt c@b.test RCPT TO 550 no\n"
              "E: result lost\n");
}

static void test_c14_421_decides_the_unconfirmed_at_each_stage(void **state)
{
    (void)state;
    play(SEND "S: 421 4.3.2 bye\n"
              "E: rcpt b@b.test MAIL FROM 421 4.3.2 bye\n"
              "E: rcpt c@b.test MAIL FROM 421 4.3.2 bye\n"
              "E: result\n");
    play(SEND "S: 250 ok\nS: 250 ok\nS: 421 4.3.2 bye\n"
              "E: rcpt b@b.test RCPT TO 421 4.3.2 bye\n"
              "E: rcpt c@b.test RCPT TO 421 4.3.2 bye\n"
              "E: result\n");
    play(SEND "S: 250 ok\nS: 550 no\nS: 250 ok\nS: 421-bye\nS: 421 now\n"
              "E: rcpt b@b.test RCPT TO 550 no\n"
              "E: rcpt c@b.test DATA 421 bye\\nnow\n"
              "E: result\n"
              "A: quit\n");
    play(SEND ACCEPT "S: 421 4.3.2 bye\n"
                     "E: rcpt b@b.test RCPT TO 550 no\n"
                     "E: rcpt c@b.test end of DATA 421 4.3.2 bye\n"
                     "E: result\n");
}

static void test_replies_of_the_wrong_class_are_garbage(void **state)
{
    (void)state;
    play(SEND "S: 354 go\n"
              "E: rcpt b@b.test MAIL FROM 0\n"
              "E: rcpt c@b.test MAIL FROM 0\n"
              "E: result lost\n");
    play(SEND "S: 250 ok\nS: 354 go\n"
              "E: rcpt b@b.test RCPT TO 0\n"
              "E: rcpt c@b.test RCPT TO 0\n"
              "E: result lost\n");
    play(SEND "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 250 what\n"
              "E: rcpt b@b.test DATA 0\n"
              "E: rcpt c@b.test DATA 0\n"
              "E: result lost\n");
}

static void test_c17_input_behind_the_last_reply_ends_reuse(void **state)
{
    const struct smtp_client_settings settings = {.hostname = "relay.test"};

    (void)state;
    dialogue_client_cut(&settings, &MAIL,
                        SEND ACCEPT "S: 250 queued\nS: 421 bye\n"
                                    "E: rcpt b@b.test RCPT TO 550 no\n"
                                    "E: rcpt c@b.test end of DATA 250 queued\n"
                                    "E: result\n",
                        DIALOGUE_WHOLE);
    dialogue_client_cut(&settings, &MAIL,
                        SEND ACCEPT "S: 250 queued\nS: 421 bye\n"
                                    "E: rcpt b@b.test RCPT TO 550 no\n"
                                    "E: rcpt c@b.test end of DATA 250 queued\n"
                                    "E: result reusable\n"
                                    "E: unusable idle 421 bye\n",
                        DIALOGUE_OCTETS);
}

static void test_c17_a_reply_too_many_never_counts_for_the_next_command(void **state)
{
    const struct smtp_client_settings settings = {.hostname = "relay.test"};

    (void)state;
    dialogue_client_cut(&settings, &MAIL,
                        "S: 220 mx.test\nC: EHLO relay.test\nS: 250 mx.test\nE: ready\nA: send 0\n"
                        "C: MAIL FROM:<a@app.test>\n"
                        "S: 250 ok\nS: 250 ok\n"
                        "E: rcpt b@b.test MAIL FROM 0\n"
                        "E: rcpt c@b.test MAIL FROM 0\n"
                        "E: result lost unsent\n",
                        DIALOGUE_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_before_mail_was_answered_is_unsent),
        cmocka_unit_test(test_rset_refused_is_unsent),
        cmocka_unit_test(test_lost_between_keeps_what_was_decided),
        cmocka_unit_test(test_c16_lost_after_the_final_dot_is_uncertain),
        cmocka_unit_test(test_c16_garbage_after_the_final_dot_is_uncertain),
        cmocka_unit_test(test_c16_a_lone_dot_is_never_uncertain),
        cmocka_unit_test(test_c14_421_decides_the_unconfirmed_at_each_stage),
        cmocka_unit_test(test_replies_of_the_wrong_class_are_garbage),
        cmocka_unit_test(test_c17_input_behind_the_last_reply_ends_reuse),
        cmocka_unit_test(test_c17_a_reply_too_many_never_counts_for_the_next_command),
    };

    return cmocka_run_group_tests_name("smtp/client_losses", tests, NULL, NULL);
}
