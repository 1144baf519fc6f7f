/* SPDX-License-Identifier: Apache-2.0
 * The test's side of a dialogue with the server engine: an owner that notes each callback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/dialogue_script.h"
#include "smtp/params.h"

struct session {
    struct dialogue dialogue;
    struct smtp_server *server;
    struct buf body;
    bool is_full; /* no budget for this mail's body */
};

static void drain(void *owner)
{
    struct session *session = owner;
    struct buf *out = smtp_server_out(session->server);

    dialogue_note_lines(&session->dialogue, 'S', buf_slice(out), false);
    buf_clear(out);
}

/* An event comes behind what was said before it. */
static void note(struct session *session, struct buf *text)
{
    drain(session);
    dialogue_note(&session->dialogue, "E: ", buf_slice(text));
    buf_free(text);
}

static void note_word(struct session *session, const char *word)
{
    struct buf text = {0};

    buf_add_str(&text, word);
    note(session, &text);
}

static struct smtp_reply decide(struct slice address)
{
    if (slice_starts_nocase(address, SLICE("nobody@")))
        return SMTP_REPLY(550, 5, 1, 1, "No such user");
    if (slice_starts_nocase(address, SLICE("later@")))
        return SMTP_REPLY(451, 4, 2, 1, "Come back later");
    return (struct smtp_reply){0};
}

static struct smtp_reply on_helo(void *owner, struct slice name, bool is_extended)
{
    struct buf text = {0};

    (void)is_extended;
    buf_add_str(&text, "helo ");
    buf_add(&text, name);
    note(owner, &text);
    if (slice_eq(name, SLICE("leaving.test")))
        smtp_server_shutdown(((struct session *)owner)->server, NULL);
    if (slice_eq(name, SLICE("banned.test")))
        return SMTP_REPLY(550, 5, 7, 1, "Not you");
    return (struct smtp_reply){0};
}

static void add_param(struct buf *text, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_addf(text, " %s=", name);
    buf_add(text, value);
}

static struct smtp_reply on_mail(void *owner, const struct smtp_from *from)
{
    static const char *const RET[] = {"", " ret=full", " ret=hdrs"};
    struct session *session = owner;
    struct buf text = {0};

    buf_add_str(&text, "mail <");
    buf_add(&text, from->address);
    buf_add_str(&text, ">");
    if (from->size_bytes)
        buf_addf(&text, " size=%llu", (unsigned long long)from->size_bytes);
    if (from->body == SMTP_BODY_8BITMIME)
        buf_add_str(&text, " 8bit");
    buf_add_str(&text, RET[from->ret]);
    add_param(&text, "envid", from->envid);
    note(session, &text);
    session->is_full = slice_ends_nocase(from->address, SLICE("@full.test"));
    buf_clear(&session->body);
    return decide(from->address);
}

static struct smtp_reply on_rcpt(void *owner, const struct smtp_rcpt *rcpt)
{
    struct buf text = {0};

    buf_add_str(&text, "rcpt <");
    buf_add(&text, rcpt->address);
    buf_add_str(&text, ">");
    if (rcpt->notify) {
        buf_add_str(&text, " notify=");
        smtp_notify_add(&text, rcpt->notify);
    }
    add_param(&text, "orcpt", rcpt->orcpt);
    note(owner, &text);
    return decide(rcpt->address);
}

static bool on_body(void *owner, struct slice bytes)
{
    struct session *session = owner;

    assert_true(bytes.len > 0);
    if (session->is_full) {
        note_word(session, "refused_body");
        return false;
    }
    buf_add(&session->body, bytes);
    return true;
}

static void on_data_end(void *owner)
{
    struct session *session = owner;
    struct buf text = {0};

    buf_add_str(&text, "data_end \"");
    buf_add(&text, buf_slice(&session->body));
    buf_add_str(&text, "\"");
    note(session, &text);
}

static void on_reset(void *owner)
{
    note_word(owner, "reset");
}

static void on_auth(void *owner, const struct smtp_credentials *credentials)
{
    struct buf text = {0};

    buf_addf(&text, "auth %s ", smtp_auth_name(credentials->mechanism));
    buf_add(&text, credentials->user);
    buf_add_char(&text, ' ');
    buf_add(&text, credentials->password);
    note(owner, &text);
    if (slice_eq(credentials->user, SLICE("at-once")))
        smtp_server_answer_auth(((struct session *)owner)->server, SMTP_AUTH_RIGHT);
}

static void on_starttls(void *owner)
{
    note_word(owner, "starttls");
}

static void on_quit(void *owner)
{
    note_word(owner, "quit");
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

static void answer(struct smtp_server *server, struct slice words)
{
    struct smtp_reply_parser parser = {0};
    struct smtp_reply reply;
    struct buf line = {0};

    buf_add(&line, words);
    buf_add_str(&line, "\r\n");
    struct slice in = buf_slice(&line);
    assert_int_equal(smtp_reply_parse(&parser, &in, &reply), PARSE_DONE);
    smtp_server_answer(server, &reply);
    smtp_reply_parser_free(&parser);
    buf_free(&line);
}

static void answer_auth(struct smtp_server *server, struct slice word)
{
    static const char *const RESULTS[] = {[SMTP_AUTH_WRONG] = "wrong",
                                          [SMTP_AUTH_RIGHT] = "right",
                                          [SMTP_AUTH_LATER] = "later",
                                          [SMTP_AUTH_BLOCKED] = "blocked"};

    for (int i = SMTP_AUTH_WRONG; i <= SMTP_AUTH_BLOCKED; i++)
        if (slice_eq(word, slice_str(RESULTS[i]))) {
            smtp_server_answer_auth(server, (enum smtp_auth_result)i);
            return;
        }
    fail_msg("unknown result: %.*s", SLICE_ARGS(word));
}

static void check_helo(const struct smtp_server *server, struct slice words)
{
    bool is_esmtp;
    struct slice name = smtp_server_helo(server, &is_esmtp);

    assert_true(slice_eq(slice_cut(&words, ' '), name));
    assert_int_equal(is_esmtp, slice_eq(words, SLICE("esmtp")));
}

static void feed(void *owner, struct slice bytes)
{
    struct session *session = owner;

    smtp_server_feed(session->server, bytes);
}

static void act(void *owner, struct slice words)
{
    static const char *const PHASES[] = {"command", "data", "answer", "auth",
                                         "verify",  "tls",  "closed"};
    struct session *session = owner;
    struct slice verb = slice_cut(&words, ' ');

    if (slice_eq(verb, SLICE("answer")))
        answer(session->server, words);
    else if (slice_eq(verb, SLICE("auth")))
        answer_auth(session->server, words);
    else if (slice_eq(verb, SLICE("secured")))
        smtp_server_secured(session->server);
    else if (slice_eq(verb, SLICE("shutdown")))
        smtp_server_shutdown(session->server, words.len ? "Node is leaving" : NULL);
    else if (slice_eq(verb, SLICE("abort")))
        smtp_server_abort(session->server, "Too slow");
    else if (slice_eq(verb, SLICE("phase")))
        assert_true(slice_eq(words, slice_str(PHASES[smtp_server_phase(session->server)])));
    else if (slice_eq(verb, SLICE("helo")))
        check_helo(session->server, words);
    else if (slice_eq(verb, SLICE("full")))
        assert_true(smtp_server_is_full(session->server));
    else
        fail_msg("unknown act: %.*s", SLICE_ARGS(verb));
}

struct smtp_server_settings dialogue_server_settings(void)
{
    return (struct smtp_server_settings){
        .hostname = "mx.test",
        .max_size_bytes = 1000000,
        .max_recipients = 5,
        .max_errors = 10,
        .has_starttls = true,
        .has_dsn = true,
    };
}

void dialogue_server_cut(const struct smtp_server_settings *settings, const char *script,
                         enum dialogue_cut cut)
{
    struct session session = {.dialogue = {.side = 'C', .cut = cut}};
    struct dialogue *dialogue = &session.dialogue;

    dialogue->owner = &session;
    dialogue->feed = feed;
    dialogue->act = act;
    dialogue->drain = drain;
    session.server = smtp_server_new(settings, &OPS, &session);
    smtp_server_greet(session.server, NULL);
    dialogue_run(dialogue, script);
    smtp_server_free(&session.server);
    assert_null(session.server);
    buf_free(&session.body);
}

void dialogue_server(const struct smtp_server_settings *settings, const char *script)
{
    dialogue_server_cut(settings, script, DIALOGUE_WHOLE);
    dialogue_server_cut(settings, script, DIALOGUE_OCTETS);
}
