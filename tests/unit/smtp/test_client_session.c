/* SPDX-License-Identifier: Apache-2.0
 * Opening and ending a session with the client engine (C6, C17, C18, C19). */
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

static const struct smtp_client_settings CLEAR = {.hostname = "relay.test"};
static const struct smtp_client_settings MAY = {.hostname = "relay.test", .use_starttls = true};
static const struct smtp_client_settings MUST = {.hostname = "relay.test", .need_tls = true};

#define HELLO "S: 220 mx.test\nC: EHLO relay.test\n"
#define OFFER HELLO "S: 250-mx.test\nS: 250-SIZE 5\nS: 250 STARTTLS\n"

static void test_c06_helo_after_5yz_to_ehlo(void **state)
{
    (void)state;
    dialogue_client(&CLEAR, NULL,
                    HELLO "S: 502 what\n"
                          "C: HELO relay.test\n"
                          "A: stage EHLO\n"
                          "S: 250 mx.test\n"
                          "E: ready\n"
                          "A: stage idle\n");
    dialogue_client(&CLEAR, NULL,
                    HELLO "S: 502 what\n"
                          "C: HELO relay.test\n"
                          "S: 550 5.7.1 not you\n"
                          "E: unusable EHLO 550 5.7.1 not you\n");
    dialogue_client(&CLEAR, NULL, HELLO "S: 450 4.3.2 later\nE: unusable EHLO 450 4.3.2 later\n");
}

static void test_a_refusing_greeting_is_the_hosts(void **state)
{
    (void)state;
    dialogue_client(&CLEAR, NULL,
                    "A: stage greeting\n"
                    "S: 554-no\nS: 554 service\n"
                    "E: unusable greeting 554 no\\nservice\n"
                    "A: stage QUIT\n"
                    "A: lost\n"
                    "A: quit\n");
    dialogue_client(&CLEAR, NULL, "S: 421 busy\nE: unusable greeting 421 busy\n");
    dialogue_client(&CLEAR, NULL, "S: SSH-2.0-x\nE: unusable greeting 0\n");
    dialogue_client(&CLEAR, NULL, "A: lost\nE: unusable greeting 0\n");
}

static void test_c06_ehlo_again_after_tls_and_old_offers_are_forgotten(void **state)
{
    static const struct smtp_rcpt ONE[] = {{.address = TEXT_OF("b@b.test")}};
    static const struct smtp_mail BIG = {
        .rcpts = ONE, .rcpt_count = 1, .body = TEXT_OF("more than five\r\n")};

    (void)state;
    dialogue_client(&MAY, &BIG,
                    OFFER "C: STARTTLS\n"
                          "A: stage STARTTLS\n"
                          "S: 220 go\n"
                          "E: starttls\n"
                          "A: stage STARTTLS\n"
                          "A: secured\n"
                          "C: EHLO relay.test\n"
                          "S: 250-mx.test\nS: 250 STARTTLS\n"
                          "E: ready\n"
                          "A: send 0\n"
                          "C: MAIL FROM:<>\n");
}

static void test_c18_opportunistic_tls_goes_on_in_clear(void **state)
{
    (void)state;
    dialogue_client(&MAY, NULL, OFFER "C: STARTTLS\nS: 454 4.7.0 no\nE: ready\n");
    dialogue_client(&MAY, NULL, OFFER "C: STARTTLS\nS: 502 no\nE: ready\n");
    dialogue_client(&MAY, NULL, HELLO "S: 250 mx.test\nE: ready\n");
    dialogue_client(&CLEAR, NULL, OFFER "E: ready\n");
}

static void test_c18_mandatory_tls_never_does(void **state)
{
    (void)state;
    dialogue_client(&MUST, NULL,
                    OFFER "C: STARTTLS\nS: 454 4.7.0 no\nE: unusable STARTTLS 454 4.7.0 no\n");
    dialogue_client(&MUST, NULL, HELLO "S: 250 mx.test\nE: unusable STARTTLS 0\n");
    dialogue_client(&MUST, NULL,
                    HELLO "S: 502 no\nC: HELO relay.test\nS: 250 mx.test\n"
                          "E: unusable STARTTLS 0\n");
}

static void test_c19_replies_injected_before_tls_abort(void **state)
{
    (void)state;
    dialogue_client_cut(&MAY, NULL,
                        OFFER "C: STARTTLS\n"
                              "S: 220 go\nS: 250-injected\n"
                              "E: unusable STARTTLS 0\n"
                              "A: secured\n",
                        DIALOGUE_WHOLE);
    dialogue_client_cut(&MAY, NULL,
                        OFFER "C: STARTTLS\n"
                              "S: 220 go\nS: 250-injected\n"
                              "E: starttls\n"
                              "E: unusable STARTTLS 0\n"
                              "A: secured\n",
                        DIALOGUE_OCTETS);
}

static void test_c17_an_idle_session_that_speaks_is_thrown_away(void **state)
{
    (void)state;
    dialogue_client(&CLEAR, NULL,
                    HELLO "S: 250 mx.test\nE: ready\nA: idle\n"
                          "S: 421-4.4.2 idle\nS: 421 4.4.2 too long\n"
                          "E: unusable idle 421 4.4.2 idle\\ntoo long\n");
    dialogue_client(&CLEAR, NULL,
                    HELLO "S: 250 mx.test\nE: ready\nS: 250 what\nE: unusable idle 0\n");
    dialogue_client(&CLEAR, NULL, HELLO "S: 250 mx.test\nE: ready\nA: lost\nE: unusable idle 0\n");
}

static void test_c17_a_reply_nobody_asked_for_is_out_of_step(void **state)
{
    (void)state;
    dialogue_client_cut(&CLEAR, NULL, "S: 220 mx.test\nS: 250 ahead\nE: unusable greeting 0\n",
                        DIALOGUE_WHOLE);
    dialogue_client_cut(&CLEAR, NULL, "S: 554 no\nS: 221 bye\nE: unusable greeting 554 no\n",
                        DIALOGUE_WHOLE);
}

static void test_quit_is_not_said_out_of_turn(void **state)
{
    (void)state;
    dialogue_client(&CLEAR, NULL, "A: quit\nS: 220 mx.test\n");
    dialogue_client(&CLEAR, NULL, HELLO "S: 250 mx.test\nE: ready\nA: quit\nC: QUIT\nS: 221 bye\n");
    dialogue_client(&MAY, NULL, OFFER "C: STARTTLS\nS: 220 go\nE: starttls\nA: quit\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c06_helo_after_5yz_to_ehlo),
        cmocka_unit_test(test_a_refusing_greeting_is_the_hosts),
        cmocka_unit_test(test_c06_ehlo_again_after_tls_and_old_offers_are_forgotten),
        cmocka_unit_test(test_c18_opportunistic_tls_goes_on_in_clear),
        cmocka_unit_test(test_c18_mandatory_tls_never_does),
        cmocka_unit_test(test_c19_replies_injected_before_tls_abort),
        cmocka_unit_test(test_c17_an_idle_session_that_speaks_is_thrown_away),
        cmocka_unit_test(test_c17_a_reply_nobody_asked_for_is_out_of_step),
        cmocka_unit_test(test_quit_is_not_said_out_of_turn),
    };

    return cmocka_run_group_tests_name("smtp/client_session", tests, NULL, NULL);
}
