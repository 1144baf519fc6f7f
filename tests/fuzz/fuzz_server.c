/* SPDX-License-Identifier: Apache-2.0
 * A whole server session. First octet: the size of the pieces; second: settings and the owner's
 * moods. Oracles: replies are well formed, at most one per line end, no mail with a bad line end
 * gets through, callbacks come in order. */
#include "fuzz/fuzz.h"
#include "smtp/dot.h"
#include "smtp/server.h"

enum mood {
    HAS_TLS = 1,
    HAS_DSN = 2,
    IS_SMALL = 4,
    REFUSES = 8,
    HAS_NO_ROOM = 16,
    ANSWERS_LATE = 32,
    HAS_AUTH = 64,
    IS_IMPLICIT = 128
};

struct session {
    struct smtp_server *server;
    unsigned mood;
    struct buf body;
    size_t replies, secret_len;
    bool is_open, is_over, is_secured;
};

static struct smtp_reply decide(const struct session *session, struct slice text)
{
    if ((session->mood & REFUSES) && text.len % 3 == 0)
        return SMTP_REPLY(550, 5, 1, 1, "no");
    return (struct smtp_reply){0};
}

static struct smtp_reply on_helo(void *owner, struct slice name, bool is_extended)
{
    (void)is_extended;
    ASSERT(name.len > 0 && name.len <= 255);
    return decide(owner, name);
}

static struct smtp_reply on_mail(void *owner, const struct smtp_from *from)
{
    struct session *session = owner;
    struct smtp_reply reply = decide(session, from->address);

    ASSERT(!session->is_open);
    session->is_open = reply.code == 0;
    buf_clear(&session->body);
    return reply;
}

static struct smtp_reply on_rcpt(void *owner, const struct smtp_rcpt *rcpt)
{
    ASSERT(((struct session *)owner)->is_open && rcpt->address.len > 0);
    return decide(owner, rcpt->address);
}

static bool on_body(void *owner, struct slice bytes)
{
    struct session *session = owner;

    ASSERT(session->is_open && bytes.len > 0);
    buf_add(&session->body, bytes);
    return !(session->mood & HAS_NO_ROOM);
}

static void answer(struct session *session)
{
    struct smtp_reply reply = SMTP_REPLY(250, 2, 0, 0, "queued");

    smtp_server_answer(session->server, &reply);
}

static void on_data_end(void *owner)
{
    struct session *session = owner;
    struct slice body = buf_slice(&session->body);
    uint64_t stuffed;

    ASSERT(session->is_open && smtp_dot_is_sendable(&body, 1, &stuffed));
    session->is_open = false;
    if (!(session->mood & ANSWERS_LATE))
        answer(session);
}

static void on_reset(void *owner)
{
    struct session *session = owner;

    ASSERT(session->is_open);
    session->is_open = false;
}

/* By the length of the password, so that both ends of an exchange are met. */
static void answer_auth(struct session *session)
{
    smtp_server_answer_auth(session->server, (enum smtp_auth_result)(session->secret_len % 3));
}

static void on_auth(void *owner, const struct smtp_credentials *credentials)
{
    struct session *session = owner;

    ASSERT((session->mood & HAS_AUTH) && session->is_secured && !session->is_open);
    ASSERT(credentials->user.len > 0 && credentials->user.len <= SMTP_CREDENTIAL_MAX);
    ASSERT(credentials->password.len > 0 && credentials->password.len <= SMTP_CREDENTIAL_MAX);
    session->secret_len = credentials->password.len;
    if (!(session->mood & ANSWERS_LATE))
        answer_auth(session);
}

static void on_starttls(void *owner)
{
    ASSERT(((struct session *)owner)->mood & HAS_TLS);
}

static void on_quit(void *owner)
{
    struct session *session = owner;

    ASSERT(!session->is_over);
    session->is_over = true;
}

static const struct smtp_server_ops OPS = {
    .on_helo = on_helo,
    .on_mail = on_mail,
    .on_rcpt = on_rcpt,
    .on_body = on_body,
    .on_data_end = on_data_end,
    .on_reset = on_reset,
    .on_auth = on_auth,
    .on_starttls = on_starttls,
    .on_quit = on_quit,
};

/* Replies must read back by our own parser, and nothing may be left over. */
static void take_replies(struct session *session)
{
    struct buf *out = smtp_server_out(session->server);
    struct smtp_reply_parser parser = {0};
    struct smtp_reply reply;
    struct slice in = buf_slice(out);

    while (in.len) {
        ASSERT(smtp_reply_parse(&parser, &in, &reply) == PARSE_DONE);
        session->replies++;
    }
    smtp_reply_parser_free(&parser);
    buf_clear(out);
}

static void feed(struct session *session, struct slice piece)
{
    smtp_server_feed(session->server, piece);
    take_replies(session);
    for (;;) {
        enum smtp_server_phase phase = smtp_server_phase(session->server);
        if (phase == SMTP_SERVER_ANSWER)
            answer(session);
        else if (phase == SMTP_SERVER_VERIFY)
            answer_auth(session);
        else
            break;
        take_replies(session);
    }
    if (smtp_server_phase(session->server) == SMTP_SERVER_TLS) {
        smtp_server_secured(session->server);
        session->is_secured = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct smtp_server_settings settings = {
        .hostname = "mx.test",
        .max_size_bytes = data[1] & IS_SMALL ? 40 : 0,
        .max_recipients = data[1] & IS_SMALL ? 2 : 0,
        .max_errors = data[1] & IS_SMALL ? 3 : 0,
        .has_starttls = data[1] & HAS_TLS,
        .has_dsn = data[1] & HAS_DSN,
        .has_auth = data[1] & HAS_AUTH,
        .is_implicit_tls = data[1] & IS_IMPLICIT,
    };
    struct session session = {.mood = data[1], .is_secured = settings.is_implicit_tls};
    struct slice rest = slice_of(data + 2, size - 2);
    size_t step = data[0] ? data[0] : size, line_ends = 0;

    for (size_t i = 0; i < rest.len; i++)
        line_ends += rest.at[i] == '\n';
    session.server = smtp_server_new(&settings, &OPS, &session);
    smtp_server_greet(session.server, NULL);
    for (; rest.len; rest = slice_skip(rest, step))
        feed(&session, slice_sub(rest, 0, step));
    ASSERT(session.replies <= line_ends + 1);
    ASSERT(session.is_over == (smtp_server_phase(session.server) == SMTP_SERVER_CLOSED));
    smtp_server_shutdown(session.server, NULL);
    smtp_server_free(&session.server);
    buf_free(&session.body);
    return 0;
}
