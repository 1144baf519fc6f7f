/* SPDX-License-Identifier: Apache-2.0
 * The server engine's loop: input is cut into command lines and data here and nowhere else
 * (RFC 5321 2.3.8, 4.1.1.4). Life-cycle, replies and what waits behind an answer. */
#include "smtp/server.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "smtp/server_state.h"

#define COMMAND_MAX 2048  /* RFC 5321 512, plus SIZE, BODY and DSN: docs/smtp.md section 5 */
#define AUTH_MAX    12286 /* RFC 4954 4: 12288 with CRLF */
#define WAITING_MAX 16384 /* input kept behind an answer before the owner should pause */

_Static_assert(sizeof(struct smtp_server) <= 512, "10 000 idle sessions are cheap (I40)");

void server_drop_transaction(struct smtp_server *server)
{
    bool was_open = server->state == SERVER_MAIL || server->state == SERVER_RCPT;

    server->state = server->helo.len ? SERVER_READY : SERVER_START;
    server->recipients = 0;
    if (was_open)
        server->ops->on_reset(server->owner);
}

void server_close(struct smtp_server *server, struct smtp_reply reply)
{
    smtp_reply_add(&server->out, &reply);
    server_auth_drop(server);
    server->phase = SMTP_SERVER_CLOSED;
    server_drop_transaction(server);
    server->ops->on_quit(server->owner);
}

/* A client that offers many recipients is told so for each, not punished for it (I31). */
static bool is_error(struct smtp_reply reply)
{
    bool is_recipient_cap = reply.code == 452 && reply.enhanced.subject == 5;

    return reply.code >= 400 && !is_recipient_cap;
}

void server_reply(struct smtp_server *server, struct smtp_reply reply)
{
    unsigned max = server->settings->max_errors;

    if (is_error(reply) && ++server->errors > max && max)
        server_close(server, server_reply_of(SERVER_REPLY_TOO_MANY_ERRORS));
    else
        smtp_reply_add(&server->out, &reply);
}

void server_reply_with(struct smtp_server *server, enum server_reply reply)
{
    server_reply(server, server_reply_of(reply));
}

void server_resume(struct smtp_server *server)
{
    struct smtp_reply reply = server_reply_of(SERVER_REPLY_SHUTDOWN);

    server->phase = SMTP_SERVER_COMMAND;
    if (!server->shutdown_reason)
        return;
    if (server->shutdown_reason[0])
        reply.text = slice_str(server->shutdown_reason);
    server_close(server, reply);
}

static bool has_control(struct slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if (((unsigned char)line.at[i] < ' ' && line.at[i] != '\t') || line.at[i] == 0x7f)
            return true;
    return false;
}

/* Only who may log in may send the long lines of it. */
static size_t line_max(const struct smtp_server *server, struct slice line)
{
    bool is_auth =
        server->phase == SMTP_SERVER_AUTH || (server->settings->has_auth && server->is_secured &&
                                              slice_starts_nocase(line, SLICE("AUTH ")));

    return is_auth ? AUTH_MAX : COMMAND_MAX;
}

/* Refuses what came instead of a line; an exchange of AUTH ends with it. */
static void refuse_line(struct smtp_server *server, enum server_reply reply)
{
    bool is_auth = server->phase == SMTP_SERVER_AUTH;

    server_auth_drop(server);
    if (is_auth && reply == SERVER_REPLY_LINE_TOO_LONG)
        reply = SERVER_REPLY_AUTH_TOO_LONG;
    server_reply_with(server, reply);
}

/* A line that ended in CRLF, without it. */
static void take_line(struct smtp_server *server, struct slice line)
{
    bool is_long = line.len > line_max(server, line);
    enum server_line state = is_long ? SERVER_LINE_TOO_LONG : server->line;

    server->line = SERVER_LINE_CLEAN;
    if (state == SERVER_LINE_TOO_LONG)
        refuse_line(server, SERVER_REPLY_LINE_TOO_LONG);
    else if (state == SERVER_LINE_AFTER_LF && line.len)
        refuse_line(server, SERVER_REPLY_BARE_LF);
    else if (state == SERVER_LINE_CLEAN && has_control(line))
        refuse_line(server, SERVER_REPLY_CONTROL);
    else if (state == SERVER_LINE_CLEAN && server->phase == SMTP_SERVER_AUTH)
        server_auth_line(server, line);
    else if (state == SERVER_LINE_CLEAN)
        server_dispatch(server, line);
}

/* No line end yet. The start of a line is kept; of a line that is too long only a CR is, which may
 * be half of its end. */
static bool keep_partial(struct smtp_server *server, struct slice *in)
{
    size_t cr = in->at[in->len - 1] == '\r';

    if (in->len - cr > line_max(server, *in))
        server->line = SERVER_LINE_TOO_LONG;
    if (server->line == SERVER_LINE_TOO_LONG)
        *in = slice_skip(*in, in->len - cr);
    return false;
}

/* A bare LF ends no line (I1), but its sender waits for an answer: each gets its 500, and all up to
 * the next CRLF is refused with it. */
static bool take_command(struct smtp_server *server, struct slice *in)
{
    size_t lf = slice_find(*in, '\n');
    struct slice line = slice_sub(*in, 0, lf);

    if (lf == in->len)
        return keep_partial(server, in);
    *in = slice_skip(*in, lf + 1);
    server->behind_bytes = in->len;
    server_tap_command(server, line);
    if (lf > 0 && line.at[lf - 1] == '\r') {
        take_line(server, slice_sub(line, 0, lf - 1));
    } else {
        server->line = SERVER_LINE_AFTER_LF;
        refuse_line(server, SERVER_REPLY_BARE_LF);
    }
    return true;
}

/* One step over the input; false when no more of it can be taken now. */
static bool take(struct smtp_server *server, struct slice *in)
{
    switch (server->phase) {
    case SMTP_SERVER_COMMAND:
    case SMTP_SERVER_AUTH:
        return take_command(server, in);
    case SMTP_SERVER_DATA:
        server_take_data(server, in);
        return true;
    case SMTP_SERVER_TLS: /* clear text behind STARTTLS is never looked at (I26) */
        server->phase = SMTP_SERVER_CLOSED;
        server->ops->on_quit(server->owner);
        return true;
    case SMTP_SERVER_CLOSED:
        *in = slice_skip(*in, in->len);
        return false;
    case SMTP_SERVER_ANSWER:
    case SMTP_SERVER_VERIFY:
        return false;
    }
    return false;
}

/* No answer of the owner is due, no mail and no handshake is under way. */
static bool is_at_rest(const struct smtp_server *server)
{
    return server->phase == SMTP_SERVER_COMMAND || server->phase == SMTP_SERVER_AUTH;
}

static void run(struct smtp_server *server, struct slice *in)
{
    server->is_running = true;
    while (in->len && take(server, in))
        ;
    server->is_running = false;
    if (server->shutdown_reason && is_at_rest(server))
        server_resume(server); /* shutdown came from inside a callback */
}

static void run_waiting(struct smtp_server *server)
{
    struct slice in = buf_slice(&server->waiting);

    run(server, &in);
    buf_consume(&server->waiting, server->waiting.len - in.len);
    if (server->waiting.len == 0)
        buf_wipe(&server->waiting); /* an idle session holds no input buffer, and no password */
}

void smtp_server_feed(struct smtp_server *server, struct slice bytes)
{
    ASSERT(!server->is_running);
    if (!server->is_greeted && bytes.len && server->phase != SMTP_SERVER_CLOSED)
        server_close(server, server_reply_of(SERVER_REPLY_EARLY_TALKER));
    if (server->waiting.len) {
        buf_add(&server->waiting, bytes);
        run_waiting(server);
        return;
    }
    run(server, &bytes);
    buf_add(&server->waiting, bytes);
}

void smtp_server_answer(struct smtp_server *server, const struct smtp_reply *reply)
{
    struct smtp_reply answer = reply->code ? *reply : server_reply_of(SERVER_REPLY_OK);

    ASSERT(server->phase == SMTP_SERVER_ANSWER);
    smtp_reply_add(&server->out, &answer);
    if (smtp_reply_class(&answer) == 2)
        server->errors = 0;
    server->state = server->helo.len ? SERVER_READY : SERVER_START;
    server->recipients = 0;
    server_resume(server);
    if (!server->is_running)
        run_waiting(server);
}

void smtp_server_answer_auth(struct smtp_server *server, enum smtp_auth_result result)
{
    static const enum server_reply REPLIES[] = {
        [SMTP_AUTH_WRONG] = SERVER_REPLY_AUTH_WRONG,
        [SMTP_AUTH_RIGHT] = SERVER_REPLY_AUTH_RIGHT,
        [SMTP_AUTH_LATER] = SERVER_REPLY_AUTH_LATER,
        [SMTP_AUTH_BLOCKED] = SERVER_REPLY_AUTH_BLOCKED,
    };

    ASSERT(server->phase == SMTP_SERVER_VERIFY);
    server->is_authenticated = result == SMTP_AUTH_RIGHT;
    server->auth_failures += result == SMTP_AUTH_WRONG;
    server->phase = SMTP_SERVER_COMMAND;
    server_reply_with(server, REPLIES[result]);
    if (server->phase == SMTP_SERVER_COMMAND)
        server_resume(server);
    if (!server->is_running)
        run_waiting(server);
}

void smtp_server_greet(struct smtp_server *server, const struct smtp_reply *refusal)
{
    struct smtp_reply greeting = {.code = 220};

    ASSERT(!server->is_greeted);
    server->is_greeted = true;
    if (refusal) {
        greeting = *refusal;
        greeting.enhanced = (struct smtp_enhanced){0}; /* RFC 2034 4: never on the greeting */
        server->phase = SMTP_SERVER_CLOSED;
        smtp_reply_add(&server->out, &greeting);
        return;
    }
    struct buf text = {0};
    buf_add_str(&text, server->settings->hostname);
    buf_add_str(&text, " ESMTP");
    greeting.text = buf_slice(&text);
    smtp_reply_add(&server->out, &greeting);
    buf_free(&text);
}

void smtp_server_secured(struct smtp_server *server)
{
    ASSERT(server->phase == SMTP_SERVER_TLS && server->waiting.len == 0);
    server->is_secured = true;
    server->is_esmtp = false;
    buf_free(&server->helo);
    server->state = SERVER_START;
    server_resume(server);
}

void smtp_server_shutdown(struct smtp_server *server, const char *reason)
{
    server->shutdown_reason = reason ? reason : "";
    if (is_at_rest(server) && !server->is_running)
        server_resume(server);
}

void smtp_server_abort(struct smtp_server *server, const char *reason)
{
    smtp_server_shutdown(server, reason);
    if (server->phase == SMTP_SERVER_DATA && !server->is_running)
        server_resume(server);
}

struct smtp_server *smtp_server_new(const struct smtp_server_settings *settings,
                                    const struct smtp_server_ops *ops, void *owner)
{
    struct smtp_server *server = xalloc(sizeof *server);

    server->settings = settings;
    server->ops = ops;
    server->owner = owner;
    server->state = SERVER_START;
    server->is_secured = settings->is_implicit_tls;
    return server;
}

void smtp_server_free(struct smtp_server **server)
{
    if (!*server)
        return;
    ASSERT(!(*server)->is_running);
    server_auth_drop(*server);
    buf_free(&(*server)->out);
    buf_wipe(&(*server)->waiting);
    buf_free(&(*server)->helo);
    arena_free(&(*server)->arena);
    xfree(*server);
    *server = NULL;
}

struct buf *smtp_server_out(struct smtp_server *server)
{
    server_tap_replies(server);
    server->tapped = 0;
    return &server->out;
}

bool smtp_server_is_full(const struct smtp_server *server)
{
    return server->waiting.len >= WAITING_MAX;
}

enum smtp_server_phase smtp_server_phase(const struct smtp_server *server)
{
    return server->phase;
}

struct slice smtp_server_helo(const struct smtp_server *server, bool *ret_is_esmtp)
{
    *ret_is_esmtp = server->is_esmtp;
    return buf_slice(&server->helo);
}
