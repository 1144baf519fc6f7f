/* SPDX-License-Identifier: Apache-2.0
 * See destination.h. */
#include "path/destination.h"

#include "base/assert.h"
#include "base/xalloc.h"

struct session {
    struct list_node node; /* destination->sessions */
    struct destination *destination;
    struct stream *stream;
    struct smtp_server *engine;
    struct destination_mail *mail; /* under way */
    bool is_quitting;
};

static const struct smtp_reply YES = {0};

/* ---- mails ---- */

static void mail_free(struct destination_mail *mail)
{
    if (!mail)
        return;
    buf_free(&mail->from);
    buf_free(&mail->rcpts);
    buf_free(&mail->content);
    xfree(mail);
}

static bool has_word(struct slice words, struct slice word)
{
    while (words.len)
        if (slice_eq(slice_cut(&words, ' '), word))
            return true;
    return false;
}

size_t destination_count(const struct destination *destination, const char *rcpt)
{
    struct list_node *node = list_first(&destination->mails);
    size_t count = 0;

    for (; node; node = list_next(&destination->mails, node)) {
        const struct destination_mail *mail = LIST_OWNER(node, struct destination_mail, node);
        count += has_word(buf_slice(&mail->rcpts), slice_str(rcpt));
    }
    return count;
}

const struct destination_mail *destination_find(const struct destination *destination,
                                                const char *rcpt)
{
    struct list_node *node = list_first(&destination->mails);

    for (; node; node = list_next(&destination->mails, node)) {
        const struct destination_mail *mail = LIST_OWNER(node, struct destination_mail, node);
        if (has_word(buf_slice(&mail->rcpts), slice_str(rcpt)))
            return mail;
    }
    return NULL;
}

/* ---- what the engine asks ---- */

static struct smtp_reply on_helo(void *owner, struct slice name, bool is_extended)
{
    (void)owner;
    (void)name;
    (void)is_extended;
    return YES;
}

static struct smtp_reply on_mail(void *owner, const struct smtp_from *from)
{
    struct session *session = owner;

    mail_free(session->mail);
    session->mail = xalloc(sizeof *session->mail);
    buf_add(&session->mail->from, from->address);
    return YES;
}

static bool is_first_visit(struct destination *destination, struct slice rcpt)
{
    if (has_word(buf_slice(&destination->greeted), rcpt))
        return false;
    buf_add(&destination->greeted, rcpt);
    buf_add_char(&destination->greeted, ' ');
    return true;
}

static struct smtp_reply refusal_of(struct destination *destination, struct slice rcpt)
{
    if (slice_starts_nocase(rcpt, SLICE("gone")))
        return SMTP_REPLY(550, 5, 1, 1, "No such mailbox here");
    if (slice_starts_nocase(rcpt, SLICE("busy")))
        return SMTP_REPLY(451, 4, 3, 2, "Busy for ever");
    if (slice_starts_nocase(rcpt, SLICE("grey")) && is_first_visit(destination, rcpt))
        return SMTP_REPLY(451, 4, 7, 1, "Greylisted");
    return YES;
}

static struct smtp_reply on_rcpt(void *owner, const struct smtp_rcpt *rcpt)
{
    struct session *session = owner;
    struct smtp_reply reply = refusal_of(session->destination, rcpt->address);

    if (reply.code) {
        session->destination->refusals++;
        return reply;
    }
    if (session->mail->rcpts.len)
        buf_add_char(&session->mail->rcpts, ' ');
    buf_add(&session->mail->rcpts, rcpt->address);
    return YES;
}

static bool on_body(void *owner, struct slice bytes)
{
    struct session *session = owner;

    buf_add(&session->mail->content, bytes);
    return true;
}

static void on_data_end(void *owner)
{
    struct session *session = owner;

    list_push(&session->destination->mails, &session->mail->node);
    session->mail = NULL;
    smtp_server_answer(session->engine, &SMTP_REPLY(250, 2, 0, 0, "Ok"));
}

static void on_reset(void *owner)
{
    struct session *session = owner;

    mail_free(session->mail);
    session->mail = NULL;
}

static void on_starttls(void *owner)
{
    (void)owner;
    ASSERT(!"not offered");
}

static void on_quit(void *owner)
{
    struct session *session = owner;

    session->is_quitting = true;
}

static const struct smtp_server_ops ENGINE_OPS = {
    .on_helo = on_helo,
    .on_mail = on_mail,
    .on_rcpt = on_rcpt,
    .on_body = on_body,
    .on_data_end = on_data_end,
    .on_reset = on_reset,
    .on_starttls = on_starttls,
    .on_quit = on_quit,
};

/* ---- connections ---- */

static void settle(struct session *session)
{
    struct buf *out = smtp_server_out(session->engine);

    stream_write(session->stream, buf_slice(out));
    buf_clear(out);
    if (session->is_quitting)
        stream_close(session->stream);
}

static void on_read(void *owner, struct slice bytes)
{
    struct session *session = owner;

    if (session->is_quitting)
        return;
    smtp_server_feed(session->engine, bytes);
    settle(session);
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct session *session = owner;

    (void)reason;
    (void)detail;
    list_remove(&session->destination->sessions, &session->node);
    smtp_server_free(&session->engine);
    mail_free(session->mail);
    xfree(session);
}

static const struct stream_ops STREAM_OPS = {.on_read = on_read, .on_closed = on_closed};

static void on_accept(void *owner, struct stream *stream)
{
    struct destination *destination = owner;
    struct session *session = xalloc(sizeof *session);

    session->destination = destination;
    session->stream = stream;
    session->engine = smtp_server_new(&destination->settings, &ENGINE_OPS, session);
    list_push(&destination->sessions, &session->node);
    stream_set_owner(stream, &STREAM_OPS, session);
    smtp_server_greet(session->engine, NULL);
    settle(session);
}

void destination_start(struct destination *destination, struct loop *loop)
{
    static const struct listener_ops OPS = {.on_accept = on_accept};
    struct net_address at;
    struct err err;

    *destination = (struct destination){.loop = loop, .settings = {.hostname = "dest.test"}};
    list_init(&destination->sessions);
    list_init(&destination->mails);
    ASSERT(net_address_parse(SLICE("127.0.0.1"), 0, &at, &err) == 0);
    ASSERT(listener_new(loop, &at, &OPS, destination, &destination->listener, &err) == 0);
}

void destination_end(struct destination *destination)
{
    struct list_node *node = list_first(&destination->sessions);

    listener_free(&destination->listener);
    for (; node; node = list_next(&destination->sessions, node))
        stream_abort(LIST_OWNER(node, struct session, node)->stream);
    while (destination->sessions.count)
        loop_turn(destination->loop, 10);
    while ((node = list_shift(&destination->mails)))
        mail_free(LIST_OWNER(node, struct destination_mail, node));
    buf_free(&destination->greeted);
}

uint16_t destination_port(const struct destination *destination)
{
    return net_address_port(listener_address(destination->listener));
}
