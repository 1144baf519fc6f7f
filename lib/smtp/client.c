/* SPDX-License-Identifier: Apache-2.0
 * The client engine's core: the queue of owed replies, input, the end of a session. */
#include "smtp/client.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "smtp/client_state.h"

static const struct owed {
    void (*on_reply)(struct smtp_client *client, const struct smtp_reply *reply, size_t index);
    enum smtp_stage stage;
    bool is_final;
} OWED[] = {
#define OWED_ROW(kind, name, stage, is_final)                                                      \
    [CLIENT_OWED_##kind] = {client_on_##name, stage, is_final},
    CLIENT_OWED(OWED_ROW)
#undef OWED_ROW
};

const char *smtp_stage_name(enum smtp_stage stage)
{
    static const char *const NAMES[] = {
        [SMTP_STAGE_CONNECT] = "connect", [SMTP_STAGE_GREETING] = "greeting",
        [SMTP_STAGE_HELO] = "EHLO",       [SMTP_STAGE_TLS] = "STARTTLS",
        [SMTP_STAGE_MAIL] = "MAIL FROM",  [SMTP_STAGE_RCPT] = "RCPT TO",
        [SMTP_STAGE_DATA] = "DATA",       [SMTP_STAGE_DOT] = "end of DATA",
        [SMTP_STAGE_IDLE] = "idle",       [SMTP_STAGE_QUIT] = "QUIT",
    };

    return NAMES[stage];
}

static void make_room(struct smtp_client *client)
{
    size_t cap = client->debt_cap ? client->debt_cap * 2 : 8;

    if (client->debt_first + client->debt_count < client->debt_cap)
        return;
    client->debts = xrealloc(client->debts, cap * sizeof *client->debts);
    client->debt_cap = cap;
}

void client_owe(struct smtp_client *client, enum client_owed kind, size_t index)
{
    make_room(client);
    client->debts[client->debt_first + client->debt_count++] = (struct client_debt){kind, index};
}

static struct client_debt take_debt(struct smtp_client *client)
{
    struct client_debt debt = client->debts[client->debt_first++];

    if (--client->debt_count == 0)
        client->debt_first = 0;
    return debt;
}

void client_flush(struct smtp_client *client)
{
    struct slice commands = buf_slice(&client->commands);

    smtp_tap_lines(client->tap, SMTP_SENT, commands);
    client->ops->on_output(client->owner, &commands, 1);
    buf_clear(&client->commands);
}

enum smtp_stage smtp_client_stage(const struct smtp_client *client)
{
    if (client->is_over)
        return SMTP_STAGE_QUIT;
    if (client->debt_count)
        return OWED[client->debts[client->debt_first].kind].stage;
    return client->is_awaiting_tls ? SMTP_STAGE_TLS : SMTP_STAGE_IDLE;
}

void client_fail(struct smtp_client *client, enum smtp_stage stage, const struct smtp_reply *reply)
{
    const struct smtp_reply none = {0};

    client->is_over = true;
    if (client->mail)
        client_abandon(client, stage, reply);
    else
        client->ops->on_unusable(client->owner, stage, reply ? reply : &none);
}

/* More input behind the last reply that was owed: the peer is out of step, or somebody injects
 * replies before TLS (C19). Only a mail that was just decided keeps its result. */
static bool is_out_of_step(const struct smtp_client *client, struct client_debt debt)
{
    return client->has_leftover && client->debt_count == 0 && !OWED[debt.kind].is_final;
}

static void take_owed(struct smtp_client *client, const struct smtp_reply *reply)
{
    struct client_debt debt = take_debt(client);
    const struct owed *owed = &OWED[debt.kind];

    if (!is_out_of_step(client, debt))
        owed->on_reply(client, reply, debt.index);
    else if (client->mail || reply->code < 400)
        client_fail(client, owed->stage, NULL);
    else
        client_fail(client, owed->stage, reply);
}

/* 421 ends the session wherever it comes, also unasked (RFC 5321 3.8). */
static void take_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
    if (reply->code == 421)
        client_fail(client, smtp_client_stage(client), reply);
    else if (client->debt_count == 0)
        client_fail(client, SMTP_STAGE_IDLE, NULL);
    else
        take_owed(client, reply);
}

static void tap_reply(const struct smtp_client *client, const struct smtp_reply *reply)
{
    struct buf lines = {0};

    if (!client->tap)
        return;
    smtp_reply_add(&lines, reply);
    smtp_tap_lines(client->tap, SMTP_RECEIVED, buf_slice(&lines));
    buf_free(&lines);
}

void smtp_client_feed(struct smtp_client *client, struct slice bytes)
{
    struct smtp_reply reply;

    while (bytes.len && !client->is_over) {
        if (client->is_awaiting_tls) {
            client_fail(client, SMTP_STAGE_TLS, NULL);
            return;
        }
        struct slice piece = bytes;
        enum parse state = smtp_reply_parse(&client->parser, &bytes, &reply);
        client->has_leftover = bytes.len > 0;
        if (state == PARSE_BAD) {
            smtp_tap_lines(client->tap, SMTP_RECEIVED, piece);
            client_fail(client, smtp_client_stage(client), NULL);
        } else if (state == PARSE_DONE) {
            tap_reply(client, &reply);
            take_reply(client, &reply);
        }
    }
}

void smtp_client_lost(struct smtp_client *client)
{
    if (!client->is_over)
        client_fail(client, smtp_client_stage(client), NULL);
}

void smtp_client_quit(struct smtp_client *client)
{
    ASSERT(client->mail == NULL);
    if (client->is_over)
        return;
    client->is_over = true;
    if (client->is_awaiting_tls || client->debt_count)
        return; /* talking out of turn is worse than leaving without a word */
    buf_add_str(&client->commands, "QUIT\r\n");
    client_flush(client);
}

bool smtp_client_is_idle(const struct smtp_client *client)
{
    return client->is_ready && !client->is_over && !client->mail && client->debt_count == 0;
}

struct smtp_client *smtp_client_new(const struct smtp_client_settings *settings,
                                    const struct smtp_client_ops *ops, void *owner)
{
    struct smtp_client *client = xalloc(sizeof *client);

    client->settings = settings;
    client->ops = ops;
    client->owner = owner;
    client_owe(client, CLIENT_OWED_GREETING, 0);
    return client;
}

void smtp_client_tap(struct smtp_client *client, const struct smtp_tap *tap)
{
    client->tap = tap;
}

void smtp_client_free(struct smtp_client **client)
{
    if (!*client)
        return;
    smtp_reply_parser_free(&(*client)->parser);
    buf_free(&(*client)->commands);
    arena_free(&(*client)->arenas[0]);
    arena_free(&(*client)->arenas[1]);
    xfree((*client)->debts);
    xfree(*client);
    *client = NULL;
}
