/* SPDX-License-Identifier: Apache-2.0
 * What a tap hears of a session: every line in order, no content, no credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "smtp/client.h"
#include "smtp/server.h"

struct heard {
    struct buf lines;
    struct smtp_server *server;
    struct smtp_client *client;
};

static void on_line(void *owner, enum smtp_direction direction, struct slice line)
{
    struct heard *heard = owner;

    buf_add_str(&heard->lines, direction == SMTP_SENT ? "> " : "< ");
    buf_add(&heard->lines, line);
    buf_add_char(&heard->lines, '\n');
}

static void expect(struct heard *heard, const char *want)
{
    assert_string_equal(buf_str(&heard->lines), want);
    buf_clear(&heard->lines);
}

/* ---- the server's side ---- */

static struct smtp_reply on_helo(void *owner, struct slice name, bool is_extended)
{
    (void)owner;
    (void)name;
    (void)is_extended;
    return (struct smtp_reply){0};
}

static struct smtp_reply on_mail(void *owner, const struct smtp_from *from)
{
    (void)owner;
    (void)from;
    return (struct smtp_reply){0};
}

static struct smtp_reply on_rcpt(void *owner, const struct smtp_rcpt *rcpt)
{
    (void)owner;
    (void)rcpt;
    return (struct smtp_reply){0};
}

static bool on_body(void *owner, struct slice bytes)
{
    (void)owner;
    (void)bytes;
    return true;
}

static void on_data_end(void *owner)
{
    struct heard *heard = owner;

    smtp_server_answer(heard->server, &SMTP_REPLY(250, 2, 0, 0, "Ok"));
}

static void on_auth(void *owner, const struct smtp_credentials *credentials)
{
    struct heard *heard = owner;

    (void)credentials;
    smtp_server_answer_auth(heard->server, SMTP_AUTH_WRONG);
}

static void on_event(void *owner)
{
    (void)owner;
}

static const struct smtp_server_ops SERVER_OPS = {
    .on_helo = on_helo,
    .on_mail = on_mail,
    .on_rcpt = on_rcpt,
    .on_body = on_body,
    .on_data_end = on_data_end,
    .on_reset = on_event,
    .on_auth = on_auth,
    .on_starttls = on_event,
    .on_quit = on_event,
};

static void feed_server(struct heard *heard, const char *text)
{
    smtp_server_feed(heard->server, slice_str(text));
    buf_clear(smtp_server_out(heard->server));
}

static void start_server(struct heard *heard)
{
    static const struct smtp_server_settings SETTINGS = {
        .hostname = "mx.test", .is_implicit_tls = true, .has_auth = true};
    static struct smtp_tap tap = {.on_line = on_line};

    tap.owner = heard;
    *heard = (struct heard){.server = smtp_server_new(&SETTINGS, &SERVER_OPS, heard)};
    smtp_server_tap(heard->server, &tap);
    smtp_server_greet(heard->server, NULL);
    buf_clear(smtp_server_out(heard->server));
    feed_server(heard, "EHLO a.test\r\n");
    assert_non_null(strstr(buf_str(&heard->lines), "> 220 mx.test ESMTP\n< EHLO a.test\n> 250-"));
    buf_clear(&heard->lines);
}

static void end(struct heard *heard)
{
    smtp_server_free(&heard->server);
    smtp_client_free(&heard->client);
    buf_free(&heard->lines);
}

static void test_replies_follow_their_commands_and_content_is_left_out(void **state)
{
    struct heard heard;

    (void)state;
    start_server(&heard);
    feed_server(&heard, "MAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n");
    feed_server(&heard, "Subject: secret\r\n\r\nsecret\r\n.\r\nQUIT\r\n");
    expect(&heard, "< MAIL FROM:<a@a.test>\n> 250 2.1.0 Sender ok\n"
                   "< RCPT TO:<b@b.test>\n> 250 2.1.5 Recipient ok\n"
                   "< DATA\n> 354 End data with <CR><LF>.<CR><LF>\n"
                   "> 250 2.0.0 Ok\n< QUIT\n> 221 2.0.0 Bye\n");
    end(&heard);
}

static void test_credentials_are_never_heard(void **state)
{
    static const char *const SCRIPT[] = {
        "AUTH PLAIN c2VjcmV0\r\n",
        " auth  login c2VjcmV0 \r\n",
        "c2VjcmV0\r\n",
        "c2VjcmV0\r\n", /* out of turn: no exchange is under way */
        "AUTH c2VjcmV0",
        "\r\n",
    };
    struct heard heard;

    (void)state;
    start_server(&heard);
    for (size_t i = 0; i < sizeof SCRIPT / sizeof *SCRIPT; i++)
        feed_server(&heard, SCRIPT[i]);
    assert_null(strstr(buf_str(&heard.lines), "c2VjcmV0"));
    assert_non_null(strstr(buf_str(&heard.lines), "< AUTH PLAIN ***\n> "));
    assert_non_null(strstr(buf_str(&heard.lines), "< ***\n> "));
    end(&heard);
}

static void test_nothing_is_heard_once_the_tap_is_gone(void **state)
{
    struct heard heard;

    (void)state;
    start_server(&heard);
    smtp_server_tap(heard.server, NULL);
    feed_server(&heard, "NOOP\r\n");
    expect(&heard, "");
    end(&heard);
}

/* ---- the client's side ---- */

static void on_output(void *owner, const struct slice *parts, size_t count)
{
    (void)owner;
    (void)parts;
    (void)count;
}

static void on_result(void *owner, const struct smtp_result *result)
{
    (void)owner;
    (void)result;
}

static void on_unusable(void *owner, enum smtp_stage stage, const struct smtp_reply *reply)
{
    (void)owner;
    (void)stage;
    (void)reply;
}

static const struct smtp_client_ops CLIENT_OPS = {
    .on_output = on_output,
    .on_ready = on_event,
    .on_starttls = on_event,
    .on_result = on_result,
    .on_unusable = on_unusable,
};

static void start_client(struct heard *heard, struct smtp_tap *tap)
{
    static const struct smtp_client_settings SETTINGS = {.hostname = "relay.test"};

    *heard = (struct heard){.client = smtp_client_new(&SETTINGS, &CLIENT_OPS, heard)};
    *tap = (struct smtp_tap){on_line, heard};
    smtp_client_tap(heard->client, tap);
}

static void feed_client(const struct heard *heard, const char *text)
{
    smtp_client_feed(heard->client, slice_str(text));
}

static void test_a_delivery_is_heard_from_both_sides(void **state)
{
    const struct smtp_rcpt rcpt = {.address = SLICE("b@b.test")};
    const struct smtp_mail mail = {.from = {.address = SLICE("a@a.test")},
                                   .rcpts = &rcpt,
                                   .rcpt_count = 1,
                                   .body = SLICE("Subject: secret\r\n\r\nsecret\r\n")};
    struct smtp_tap tap;
    struct heard heard;

    (void)state;
    start_client(&heard, &tap);
    feed_client(&heard, "220 mx.test\r\n");
    feed_client(&heard, "250-mx.test\r\n250 PIPELINING\r\n");
    smtp_client_send(heard.client, &mail);
    feed_client(&heard, "250 2.1.0 a\r\n250 2.1.5 b\r\n354 go on\r\n");
    feed_client(&heard, "250 2.0.0 c\r\n");
    smtp_client_quit(heard.client);
    expect(&heard, "< 220 mx.test\n> EHLO relay.test\n< 250-mx.test\n< 250 PIPELINING\n"
                   "> MAIL FROM:<a@a.test>\n> RCPT TO:<b@b.test>\n> DATA\n"
                   "< 250 2.1.0 a\n< 250 2.1.5 b\n< 354 go on\n> .\n< 250 2.0.0 c\n> QUIT\n");
    end(&heard);
}

static void test_what_is_no_reply_is_heard_as_it_came(void **state)
{
    struct smtp_tap tap;
    struct heard heard;

    (void)state;
    start_client(&heard, &tap);
    feed_client(&heard, "SSH-2.0-x\r\n");
    expect(&heard, "< SSH-2.0-x\n");
    end(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_follow_their_commands_and_content_is_left_out),
        cmocka_unit_test(test_credentials_are_never_heard),
        cmocka_unit_test(test_nothing_is_heard_once_the_tap_is_gone),
        cmocka_unit_test(test_a_delivery_is_heard_from_both_sides),
        cmocka_unit_test(test_what_is_no_reply_is_heard_as_it_came),
    };

    return cmocka_run_group_tests_name("smtp/tap", tests, NULL, NULL);
}
