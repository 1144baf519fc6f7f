/* SPDX-License-Identifier: Apache-2.0
 * The end-of-data battery of docs/smtp.md section 3 against the whole server engine, cut at every
 * octet: no sequence but CRLF.CRLF ends data, what hides behind one never becomes a mail, and the
 * session stays in step (I1, I2, I4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtp/server.h"

#define WIRE(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

#define GOOD     "MAIL FROM:<good@app.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n"
#define SMUGGLED "MAIL FROM:<smuggled@app.test>\r\nRCPT TO:<v@b.test>\r\nDATA\r\nevil\r\n.\r\n"

struct session {
    struct smtp_server *server;
    struct buf replies, body;
    unsigned mails, smuggled, ends, resets;
};

static struct smtp_reply on_helo(void *owner, struct slice name, bool is_extended)
{
    (void)owner, (void)name, (void)is_extended;
    return (struct smtp_reply){0};
}

static struct smtp_reply on_mail(void *owner, const struct smtp_from *from)
{
    struct session *session = owner;

    session->mails++;
    session->smuggled += slice_starts_nocase(from->address, SLICE("smuggled"));
    buf_clear(&session->body);
    return (struct smtp_reply){0};
}

static struct smtp_reply on_rcpt(void *owner, const struct smtp_rcpt *rcpt)
{
    (void)owner, (void)rcpt;
    return (struct smtp_reply){0};
}

static bool on_body(void *owner, struct slice bytes)
{
    buf_add(&((struct session *)owner)->body, bytes);
    return true;
}

static void on_data_end(void *owner)
{
    struct session *session = owner;
    struct smtp_reply yes = {0};

    session->ends++;
    smtp_server_answer(session->server, &yes);
}

static void on_reset(void *owner)
{
    ((struct session *)owner)->resets++;
}

static const struct smtp_server_ops OPS = {
    .on_helo = on_helo,
    .on_mail = on_mail,
    .on_rcpt = on_rcpt,
    .on_body = on_body,
    .on_data_end = on_data_end,
    .on_reset = on_reset,
};

static const struct smtp_server_settings SETTINGS = {.hostname = "mx.test"};

static void take_replies(struct session *session)
{
    struct buf *out = smtp_server_out(session->server);

    buf_add(&session->replies, buf_slice(out));
    buf_clear(out);
}

static void start(struct session *session)
{
    *session = (struct session){.server = smtp_server_new(&SETTINGS, &OPS, session)};
    smtp_server_greet(session->server, NULL);
    smtp_server_feed(session->server, SLICE("EHLO app.test\r\n"));
    buf_clear(smtp_server_out(session->server));
}

static void finish(struct session *session)
{
    smtp_server_free(&session->server);
    buf_free(&session->replies);
    buf_free(&session->body);
}

/* The stream in two pieces. */
static void feed_cut(struct session *session, struct slice stream, size_t cut)
{
    smtp_server_feed(session->server, slice_sub(stream, 0, cut));
    take_replies(session);
    smtp_server_feed(session->server, slice_skip(stream, cut));
    take_replies(session);
}

static const struct attempt {
    const char *name;
    struct slice octets;
} ATTEMPTS[] = {
    {"LF.LF", WIRE("x\n.\n")},
    {"LF.CRLF", WIRE("x\n.\r\n")},
    {"LF.CR", WIRE("x\n.\r")},
    {"LF.CRCRLF", WIRE("x\n.\r\r\n")},
    {"LFLF.CRLF", WIRE("x\n\n.\r\n")},
    {"LFLF.LF", WIRE("x\n\n.\n")},
    {"CR.CR", WIRE("x\r.\r")},
    {"CR.CRLF", WIRE("x\r.\r\n")},
    {"CR.LF", WIRE("x\r.\n")},
    {"CRCR.CRLF", WIRE("x\r\r.\r\n")},
    {"CRCRLF.CRCRLF", WIRE("x\r\r\n.\r\r\n")},
    {"CRLF.LF", WIRE("x\r\n.\n")},
    {"CRLF.CR", WIRE("x\r\n.\r")},
    {"CRLF.LFLF", WIRE("x\r\n.\n\n")},
    {"CRLF.CRCRLF", WIRE("x\r\n.\r\r\n")},
    {"CRLF NUL.CRLF", WIRE("x\r\n\0.\r\n")},
    {"CRLF.NUL CRLF", WIRE("x\r\n.\0\r\n")},
    {"CRLF NUL.LF", WIRE("x\r\n\0.\n")},
    {"CRLF.CRNUL LF", WIRE("x\r\n.\r\0\n")},
    {"CRLF NULNUL.NULNUL CRLF", WIRE("x\r\n\0\0.\0\0\r\n")},
    {"start .LF", WIRE(".\n")},
    {"start .CR", WIRE(".\r")},
    {"start .CRCRLF", WIRE(".\r\r\n")},
    {"start NUL.CRLF", WIRE("\0.\r\n")},
    {"bare CR inside", WIRE("a\rb\r\n")},
    {"bare LF inside", WIRE("a\nb\r\n")},
    {"bare LF at the start", WIRE("\nb\r\n")},
};

static void refuse_attempt(const struct attempt *attempt, size_t cut)
{
    static const char *WANT = "250 2.1.0 Sender ok\r\n"
                              "250 2.1.5 Recipient ok\r\n"
                              "354 End data with <CR><LF>.<CR><LF>\r\n"
                              "550 5.5.2 Mail has a bare CR or LF or a disguised end of data\r\n"
                              "250 2.0.0 Ok\r\n";
    struct session session;
    struct buf stream = {0};

    buf_add(&stream, SLICE(GOOD));
    buf_add(&stream, attempt->octets);
    buf_add(&stream, SLICE(SMUGGLED "NOOP\r\n"));
    if (cut <= stream.len) {
        start(&session);
        feed_cut(&session, buf_slice(&stream), cut);
        if (strcmp(buf_str(&session.replies), WANT) != 0)
            fail_msg("%s cut at %zu:\n%s", attempt->name, cut, buf_str(&session.replies));
        assert_int_equal(session.mails, 1);
        assert_int_equal(session.smuggled, 0);
        assert_int_equal(session.ends, 0);
        assert_int_equal(session.resets, 1);
        finish(&session);
    }
    buf_free(&stream);
}

static void test_i02_no_attempt_of_the_battery_ends_data_at_any_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ATTEMPTS / sizeof *ATTEMPTS; i++)
        for (size_t cut = 0; cut < 200; cut++)
            refuse_attempt(&ATTEMPTS[i], cut);
}

static void accept_body(struct slice sent, size_t cut)
{
    struct session session;
    struct buf stream = {0};

    buf_add(&stream, SLICE(GOOD));
    buf_add(&stream, sent);
    buf_add(&stream, SLICE(".\r\nNOOP\r\n"));
    if (cut <= stream.len) {
        start(&session);
        feed_cut(&session, buf_slice(&stream), cut);
        assert_int_equal(session.ends, 1);
        assert_int_equal(session.resets, 0);
        assert_true(slice_eq(buf_slice(&session.body), sent));
        assert_true(slice_ends_nocase(buf_slice(&session.replies),
                                      SLICE("\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n")));
        finish(&session);
    }
    buf_free(&stream);
}

static void test_i02_crlf_dot_crlf_ends_data_at_any_cut(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 120; cut++) {
        accept_body(SLICE(""), cut);
        accept_body(SLICE("\r\n"), cut);
        accept_body(SLICE("Subject: x\r\n\r\ntext\r\n"), cut);
    }
}

static void test_i04_every_other_octet_is_kept_as_sent(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 120; cut++) {
        accept_body(SLICE("..\r\n...\r\n.x\r\n. \r\n"), cut);
        accept_body(SLICE("a\0b\r\n\0\r\n\t\v\f\x7f\r\n\xff\xfe\r\n"), cut);
        accept_body(SLICE("..\0\r\n\0..\r\n.\0x\r\n"), cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i02_no_attempt_of_the_battery_ends_data_at_any_cut),
        cmocka_unit_test(test_i02_crlf_dot_crlf_ends_data_at_any_cut),
        cmocka_unit_test(test_i04_every_other_octet_is_kept_as_sent),
    };

    return cmocka_run_group_tests_name("smtp/end_of_data", tests, NULL, NULL);
}
