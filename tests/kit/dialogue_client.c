/* SPDX-License-Identifier: Apache-2.0
 * The test's side of a dialogue with the client engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/dialogue_script.h"

struct session {
    struct dialogue dialogue;
    struct smtp_client *client;
    const struct smtp_mail *mails, *current, *then;
    bool is_sending; /* inside smtp_client_send: no result may come */
};

static void drain(void *owner)
{
    (void)owner;
}

static void note(struct session *session, struct buf *text)
{
    dialogue_note(&session->dialogue, "E: ", buf_slice(text));
    buf_free(text);
}

static void add_reply(struct buf *text, enum smtp_stage stage, const struct smtp_reply *reply)
{
    char enhanced[12];

    buf_addf(text, "%s %u", smtp_stage_name(stage), (unsigned)reply->code);
    if (reply->enhanced.class)
        buf_addf(text, " %s", smtp_enhanced_text(reply->enhanced, enhanced));
    if (reply->text.len)
        buf_add_char(text, ' ');
    buf_add(text, reply->text);
}

static void on_output(void *owner, const struct slice *parts, size_t count)
{
    struct session *session = owner;
    struct buf all = {0};

    for (size_t i = 0; i < count; i++) {
        assert_true(parts[i].len > 0);
        buf_add(&all, parts[i]);
    }
    dialogue_note_lines(&session->dialogue, 'C', buf_slice(&all), true);
    buf_free(&all);
}

static void on_ready(void *owner)
{
    dialogue_note(&((struct session *)owner)->dialogue, "E: ", SLICE("ready"));
}

static void on_starttls(void *owner)
{
    dialogue_note(&((struct session *)owner)->dialogue, "E: ", SLICE("starttls"));
}

static void send_mail(struct session *session, const struct smtp_mail *mail)
{
    session->current = mail;
    session->is_sending = true;
    smtp_client_send(session->client, mail);
    session->is_sending = false;
}

static void note_flags(struct session *session, const struct smtp_result *result)
{
    struct buf text = {0};

    buf_add_str(&text, "result");
    buf_add_str(&text, result->is_reusable ? " reusable" : "");
    buf_add_str(&text, result->is_lost ? " lost" : "");
    buf_add_str(&text, result->is_uncertain ? " uncertain" : "");
    buf_add_str(&text, result->is_unsent ? " unsent" : "");
    buf_add_str(&text, result->is_beyond_peer ? " beyond" : "");
    buf_add_str(&text, result->peer_has_dsn ? " dsn" : "");
    note(session, &text);
}

static void on_result(void *owner, const struct smtp_result *result)
{
    struct session *session = owner;
    const struct smtp_mail *mail = session->current, *then = session->then;

    assert_false(session->is_sending);
    assert_int_equal(result->rcpt_count, mail->rcpt_count);
    if (then) {
        session->then = NULL;
        send_mail(session, then); /* the result must outlive this */
    }
    for (size_t i = 0; i < result->rcpt_count; i++) {
        struct buf text = {0};
        buf_add_str(&text, "rcpt ");
        buf_add(&text, mail->rcpts[i].address);
        buf_add_char(&text, ' ');
        add_reply(&text, result->rcpts[i].stage, &result->rcpts[i].reply);
        buf_add_str(&text, result->rcpts[i].is_ours ? " (ours)" : "");
        note(session, &text);
    }
    note_flags(session, result);
}

static void on_unusable(void *owner, enum smtp_stage stage, const struct smtp_reply *reply)
{
    struct buf text = {0};

    buf_add_str(&text, "unusable ");
    add_reply(&text, stage, reply);
    note(owner, &text);
}

static const struct smtp_client_ops OPS = {
    .on_output = on_output,
    .on_ready = on_ready,
    .on_starttls = on_starttls,
    .on_result = on_result,
    .on_unusable = on_unusable,
};

static void feed(void *owner, struct slice bytes)
{
    smtp_client_feed(((struct session *)owner)->client, bytes);
}

static const struct smtp_mail *mail_of(const struct session *session, struct slice number)
{
    uint64_t index;

    assert_true(slice_to_u64(number, 9, &index));
    return &session->mails[index];
}

static void act(void *owner, struct slice words)
{
    struct session *session = owner;
    struct slice verb = slice_cut(&words, ' ');

    if (slice_eq(verb, SLICE("send")))
        send_mail(session, mail_of(session, words));
    else if (slice_eq(verb, SLICE("then")))
        session->then = mail_of(session, words);
    else if (slice_eq(verb, SLICE("secured")))
        smtp_client_secured(session->client);
    else if (slice_eq(verb, SLICE("lost")))
        smtp_client_lost(session->client);
    else if (slice_eq(verb, SLICE("quit")))
        smtp_client_quit(session->client);
    else if (slice_eq(verb, SLICE("idle")))
        assert_true(smtp_client_is_idle(session->client));
    else if (slice_eq(verb, SLICE("stage")))
        assert_true(
            slice_eq(words, slice_str(smtp_stage_name(smtp_client_stage(session->client)))));
    else
        fail_msg("unknown act: %.*s", SLICE_ARGS(verb));
}

void dialogue_client_cut(const struct smtp_client_settings *settings, const struct smtp_mail *mails,
                         const char *script, enum dialogue_cut cut)
{
    struct session session = {.dialogue = {.side = 'S', .cut = cut}, .mails = mails};
    struct dialogue *dialogue = &session.dialogue;

    dialogue->owner = &session;
    dialogue->feed = feed;
    dialogue->act = act;
    dialogue->drain = drain;
    session.client = smtp_client_new(settings, &OPS, &session);
    dialogue_run(dialogue, script);
    smtp_client_free(&session.client);
    assert_null(session.client);
}

void dialogue_client(const struct smtp_client_settings *settings, const struct smtp_mail *mails,
                     const char *script)
{
    dialogue_client_cut(settings, mails, script, DIALOGUE_WHOLE);
    dialogue_client_cut(settings, mails, script, DIALOGUE_OCTETS);
}
