/* SPDX-License-Identifier: Apache-2.0
 * What the server engine refuses to grow for, and how it ends a session (I4, I6, I7, I12, I16, I18,
 * I21, I31, I40). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/dialogue.h"

#define GREETING "S: 220 mx.test ESMTP\n"
#define HELO     GREETING "C: HELO app.test\nE: helo app.test\nS: 250 mx.test\n"
#define EHLO                                                                                       \
    GREETING "C: EHLO app.test\n"                                                                  \
             "E: helo app.test\n"                                                                  \
             "S: 250-mx.test\nS: 250-PIPELINING\nS: 250-8BITMIME\nS: 250-ENHANCEDSTATUSCODES\n"    \
             "S: 250-SIZE 20\nS: 250-LIMITS RCPTMAX=2\nS: 250-DSN\nS: 250 STARTTLS\n"
#define MAIL "C: MAIL FROM:<a@app.test>\nE: mail <a@app.test>\nS: 250 2.1.0 Sender ok\n"
#define RCPT "C: RCPT TO:<b@b.test>\nE: rcpt <b@b.test>\nS: 250 2.1.5 Recipient ok\n"
#define DATA "C: DATA\nS: 354 ...\n"

static struct smtp_server_settings tight(void)
{
    struct smtp_server_settings settings = dialogue_server_settings();

    settings.max_size_bytes = 20;
    settings.max_recipients = 2;
    settings.max_errors = 3;
    return settings;
}

static void play(const char *script)
{
    struct smtp_server_settings settings = tight();

    dialogue_server(&settings, script);
}

/* A script whose command line is made of `head`, then `fill` times x, then `tail`. */
static void play_long(const char *head, size_t fill, const char *tail)
{
    struct buf script = {0};

    buf_add_str(&script, head);
    for (size_t i = 0; i < fill; i++)
        buf_add_char(&script, 'x');
    buf_add_str(&script, tail);
    play(buf_str(&script));
    buf_free(&script);
}

static void test_i06_the_floor_of_a_command_line_is_accepted(void **state)
{
    (void)state;
    play_long(EHLO "C: NOOP ", 2043, "\nS: 250 2.0.0 Ok\n");
}

static void test_i07_a_line_too_long_is_500_and_the_session_goes_on(void **state)
{
    (void)state;
    play_long(EHLO "C: NOOP ", 2044, "\nS: 500 5.5.2 Line too long\n" MAIL);
    play_long(EHLO "C: MAIL FROM:<", 100000, "@b.test>\nS: 500 5.5.2 Line too long\n" MAIL);
}

static void test_i07_the_longest_dsn_combination_is_accepted(void **state)
{
    struct buf script = {0};

    (void)state;
    buf_add_str(&script, EHLO MAIL "C: RCPT TO:<b@b.test> NOTIFY=SUCCESS,FAILURE,DELAY "
                                   "ORCPT=rfc822;");
    for (size_t i = 0; i < 493; i++)
        buf_add_char(&script, 'o');
    buf_add_str(&script, "\nE: rcpt <b@b.test> notify=SUCCESS,FAILURE,DELAY ...\n"
                         "S: 250 2.1.5 Recipient ok\n");
    play(buf_str(&script));
    buf_free(&script);
}

static void test_i12_shutdown_of_an_idle_session_is_421(void **state)
{
    (void)state;
    play(EHLO "A: shutdown\nS: 421 4.3.2 Service is shutting down\nE: quit\nA: phase closed\n");
    play(EHLO MAIL "A: shutdown why\nS: 421 4.3.2 Node is leaving\nE: reset\nE: quit\n");
}

static void test_i12_shutdown_lets_the_mail_in_progress_finish(void **state)
{
    (void)state;
    play(EHLO MAIL RCPT DATA "C: one\n"
                             "A: shutdown\n"
                             "A: phase data\n"
                             "C: .\n"
                             "E: data_end \"one\\r\\n\"\n"
                             "A: answer 250 2.0.0 Ok\n"
                             "S: 250 2.0.0 Ok\n"
                             "S: 421 4.3.2 Service is shutting down\n"
                             "E: quit\n"
                             "C: NOOP\n"
                             "A: phase closed\n");
}

static void test_i12_a_client_too_slow_is_told_in_the_middle_of_data(void **state)
{
    (void)state;
    play(EHLO MAIL RCPT DATA "C| half a li\n"
                             "A: abort\n"
                             "S: 421 4.3.2 Too slow\n"
                             "E: reset\n"
                             "E: quit\n"
                             "A: phase closed\n"
                             "C: ne\n"
                             "C: .\n");
    play(EHLO MAIL RCPT DATA "C: .\n"
                             "E: data_end \"\"\n"
                             "A: abort\n"
                             "A: answer 250 2.0.0 Ok\n"
                             "S: 250 2.0.0 Ok\n"
                             "S: 421 4.3.2 Too slow\n"
                             "E: quit\n");
}

static void test_i12_shutdown_from_inside_a_callback(void **state)
{
    (void)state;
    play(GREETING "C: HELO leaving.test\n"
                  "E: helo leaving.test\n"
                  "S: 250 mx.test\n"
                  "S: 421 4.3.2 Service is shutting down\n"
                  "E: quit\n");
}

static void test_i12_nothing_is_said_after_quit(void **state)
{
    (void)state;
    play(EHLO "C: QUIT\nC: NOOP\nS: 221 2.0.0 Bye\nE: quit\n");
    play(GREETING "C: QUIT\nS: 221 2.0.0 Bye\nE: quit\n");
}

static void on_quit(void *owner)
{
    *(bool *)owner = true;
}

static void on_reset(void *owner)
{
    (void)owner;
    fail_msg("no transaction was open");
}

static void test_i18_who_talks_before_the_greeting_gets_554(void **state)
{
    const struct smtp_server_ops ops = {.on_quit = on_quit, .on_reset = on_reset};
    struct smtp_server_settings settings = tight();
    bool has_quit = false;
    struct smtp_server *server = smtp_server_new(&settings, &ops, &has_quit);

    (void)state;
    smtp_server_feed(server, SLICE("EHLO x\r\n"));
    assert_string_equal(buf_str(smtp_server_out(server)), "554 You talked before the greeting\r\n");
    assert_true(has_quit);
    assert_int_equal(smtp_server_phase(server), SMTP_SERVER_CLOSED);
    smtp_server_free(&server);
}

static void test_i25_a_refusing_greeting_has_no_enhanced_code(void **state)
{
    const struct smtp_server_ops ops = {.on_quit = on_quit, .on_reset = on_reset};
    struct smtp_server_settings settings = tight();
    struct smtp_reply refusal = SMTP_REPLY(421, 4, 3, 2, "Too many sessions");
    bool has_quit = false;
    struct smtp_server *server = smtp_server_new(&settings, &ops, &has_quit);

    (void)state;
    smtp_server_greet(server, &refusal);
    smtp_server_feed(server, SLICE("EHLO x\r\nMAIL FROM:<a@b.test>\r\n"));
    assert_string_equal(buf_str(smtp_server_out(server)), "421 Too many sessions\r\n");
    assert_false(has_quit);
    smtp_server_free(&server);
}

static void test_i18_pipelining_before_it_was_announced_closes(void **state)
{
    struct smtp_server_settings settings = tight();

    (void)state;
    dialogue_server_cut(&settings,
                        GREETING "C: EHLO app.test\n"
                                 "C: MAIL FROM:<a@app.test>\n"
                                 "S: 554 5.5.0 Pipelining before it was announced\n"
                                 "E: quit\n",
                        DIALOGUE_WHOLE);
    dialogue_server_cut(&settings,
                        HELO "C: MAIL FROM:<a@app.test>\n"
                             "C: RCPT TO:<b@b.test>\n"
                             "S: 554 5.5.0 Pipelining before it was announced\n"
                             "E: quit\n",
                        DIALOGUE_WHOLE);
}

static void test_i21_a_size_over_the_limit_is_refused_at_mail(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<a@app.test> SIZE=21\n"
              "S: 552 5.3.4 Mail is too big\n"
              "C: MAIL FROM:<a@app.test> SIZE=20\n"
              "E: mail <a@app.test> size=20\n"
              "S: 250 2.1.0 Sender ok\n");
}

static void test_i21_actual_octets_count_whatever_size_said(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<a@app.test> SIZE=1\n"
              "E: mail <a@app.test> size=1\n"
              "S: 250 2.1.0 Sender ok\n" RCPT DATA "C: 123456789012345678\n"
              "C: .\n"
              "E: data_end \"123456789012345678\\r\\n\"\n"
              "A: answer 250 2.0.0 Ok\n"
              "S: 250 2.0.0 Ok\n" MAIL RCPT DATA "C: 1234567890123456789\n"
              "C: .\n"
              "S: 552 5.3.4 Mail is too big\n"
              "E: reset\n" MAIL);
}

static void test_i21_stuffed_dots_do_not_count(void **state)
{
    (void)state;
    play(EHLO MAIL RCPT DATA "C: ..34567890123456789\n"
                             "C: .\n"
                             "E: data_end \"..34567890123456789\\r\\n\"\n"
                             "A: answer 250 2.0.0 Ok\n"
                             "S: 250 2.0.0 Ok\n");
}

static void test_i21_short_of_room_is_452(void **state)
{
    (void)state;
    play(EHLO "C: MAIL FROM:<a@full.test>\n"
              "E: mail <a@full.test>\n"
              "S: 250 2.1.0 Sender ok\n" RCPT DATA "C: one\n"
              "E: refused_body\n"
              "C: two\n"
              "C: .\n"
              "S: 452 4.3.1 No room for this mail now\n"
              "E: reset\n" MAIL);
}

static void test_i31_one_recipient_too_many_is_452_and_the_rest_stays(void **state)
{
    (void)state;
    play(EHLO MAIL RCPT RCPT "C: RCPT TO:<c@b.test>\n"
                             "S: 452 4.5.3 Too many recipients\n"
                             "C: RCPT TO:<d@b.test>\n"
                             "S: 452 4.5.3 Too many recipients\n"
                             "C: RCPT TO:<e@b.test>\n"
                             "S: 452 4.5.3 Too many recipients\n"
                             "C: RCPT TO:<f@b.test>\n"
                             "S: 452 4.5.3 Too many recipients\n" DATA);
}

static void test_i40_too_many_errors_close_with_421(void **state)
{
    (void)state;
    play(EHLO "C: A\nC: B\nC: C\nC: D\nC: E\n"
              "S: 500 5.5.1 Unknown command\n"
              "S: 500 5.5.1 Unknown command\n"
              "S: 500 5.5.1 Unknown command\n"
              "S: 421 4.7.0 Too many errors\n"
              "E: quit\n");
}

static void test_i40_an_accepted_mail_wipes_errors_out(void **state)
{
    (void)state;
    play(EHLO "C: A\nC: B\nC: C\n"
              "S: 500 ...\nS: 500 ...\nS: 500 ...\n" MAIL RCPT DATA "C: .\n"
              "E: data_end \"\"\n"
              "A: answer 250 2.0.0 Ok\n"
              "S: 250 2.0.0 Ok\n"
              "C: A\nC: B\nC: C\n"
              "S: 500 ...\nS: 500 ...\nS: 500 ...\n");
}

static void test_i40_input_behind_an_answer_is_kept_and_reported(void **state)
{
    struct buf script = {0};

    (void)state;
    buf_add_str(&script, EHLO MAIL RCPT DATA "C: .\n");
    for (size_t i = 0; i < 2800; i++)
        buf_add_str(&script, "C: NOOP\n");
    buf_add_str(&script, "E: data_end \"\"\nA: full\nA: answer 250 2.0.0 Ok\nS: 250 2.0.0 Ok\n");
    for (size_t i = 0; i < 2800; i++)
        buf_add_str(&script, "S: 250 2.0.0 Ok\n");
    play(buf_str(&script));
    buf_free(&script);
}

static void test_i16_a_burst_of_1000_commands_is_answered_in_order(void **state)
{
    struct buf script = {0};

    (void)state;
    buf_add_str(&script, EHLO);
    for (size_t i = 0; i < 500; i++)
        buf_add_str(&script, "C: NOOP\nC: VRFY x\n");
    for (size_t i = 0; i < 500; i++)
        buf_add_str(&script, "S: 250 2.0.0 Ok\nS: 252 2.5.0 Send the mail and see\n");
    play(buf_str(&script));
    buf_free(&script);
}

static void test_helo_refused_by_the_owner_has_no_enhanced_code(void **state)
{
    (void)state;
    play(GREETING "C: EHLO banned.test\n"
                  "E: helo banned.test\n"
                  "S: 550 Not you\n"
                  "C: EHLO\n"
                  "S: 501 Want one host name or address literal\n"
                  "C: EHLO two words\n"
                  "S: 501 Want one host name or address literal\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i06_the_floor_of_a_command_line_is_accepted),
        cmocka_unit_test(test_i07_a_line_too_long_is_500_and_the_session_goes_on),
        cmocka_unit_test(test_i07_the_longest_dsn_combination_is_accepted),
        cmocka_unit_test(test_i12_shutdown_of_an_idle_session_is_421),
        cmocka_unit_test(test_i12_shutdown_lets_the_mail_in_progress_finish),
        cmocka_unit_test(test_i12_a_client_too_slow_is_told_in_the_middle_of_data),
        cmocka_unit_test(test_i12_shutdown_from_inside_a_callback),
        cmocka_unit_test(test_i12_nothing_is_said_after_quit),
        cmocka_unit_test(test_i18_who_talks_before_the_greeting_gets_554),
        cmocka_unit_test(test_i25_a_refusing_greeting_has_no_enhanced_code),
        cmocka_unit_test(test_i18_pipelining_before_it_was_announced_closes),
        cmocka_unit_test(test_i21_a_size_over_the_limit_is_refused_at_mail),
        cmocka_unit_test(test_i21_actual_octets_count_whatever_size_said),
        cmocka_unit_test(test_i21_stuffed_dots_do_not_count),
        cmocka_unit_test(test_i21_short_of_room_is_452),
        cmocka_unit_test(test_i31_one_recipient_too_many_is_452_and_the_rest_stays),
        cmocka_unit_test(test_i40_too_many_errors_close_with_421),
        cmocka_unit_test(test_i40_an_accepted_mail_wipes_errors_out),
        cmocka_unit_test(test_i40_input_behind_an_answer_is_kept_and_reported),
        cmocka_unit_test(test_i16_a_burst_of_1000_commands_is_answered_in_order),
        cmocka_unit_test(test_helo_refused_by_the_owner_has_no_enhanced_code),
    };

    return cmocka_run_group_tests_name("smtp/server_limits", tests, NULL, NULL);
}
