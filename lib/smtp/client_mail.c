/* SPDX-License-Identifier: Apache-2.0
 * One transaction: commands go out in the order of enum client_step, all in one piece when the peer
 * pipelines and one by one when not; replies decide recipients (RFC 5321 3.3, RFC 2920; C8, C14,
 * C16). The body is never copied. */
#include "base/assert.h"
#include "smtp/client_state.h"

#define ARENA_BYTES 1024

static bool is_accepted(const struct smtp_rcpt_result *result)
{
    return smtp_reply_class(&result->reply) == 2;
}

static size_t count_accepted(const struct smtp_client *client)
{
    size_t count = 0;

    for (size_t i = 0; i < client->mail->rcpt_count; i++)
        count += is_accepted(&client->results[i]);
    return count;
}

/* For every recipient that has no answer of its own yet, accepted or not. */
static void decide_rest(struct smtp_client *client, enum smtp_stage stage,
                        const struct smtp_reply *reply)
{
    struct smtp_reply kept = {0};

    if (reply)
        kept = smtp_reply_copy(client->arenas[client->turn], reply);
    for (size_t i = 0; i < client->mail->rcpt_count; i++)
        if (client->results[i].reply.code == 0 || is_accepted(&client->results[i]))
            client->results[i] = (struct smtp_rcpt_result){stage, kept, .is_ours = false};
}

static void finish(struct smtp_client *client, struct smtp_result result)
{
    result.rcpts = client->results;
    result.rcpt_count = client->mail->rcpt_count;
    result.peer_has_dsn = client->peer.has_dsn;
    result.is_beyond_peer = client->is_beyond_peer;
    /* Input that nobody asked for: whatever it is, the session is out of step (C17). */
    client->is_over |= client->has_leftover;
    result.is_reusable = !client->is_over;
    client->mail = NULL;
    client->ops->on_result(client->owner, &result);
}

void client_abandon(struct smtp_client *client, enum smtp_stage stage,
                    const struct smtp_reply *reply)
{
    struct smtp_result result = {.is_lost = !reply || reply->code == 0};

    result.is_uncertain = result.is_lost && client->is_dot_sent;
    result.is_unsent = result.is_lost && !client->is_mail_answered;
    decide_rest(client, stage, reply);
    finish(client, result);
}

/* The peer answers with a class this command cannot have: out of step, like garbage. */
static void lose(struct smtp_client *client, enum smtp_stage stage)
{
    client_fail(client, stage, NULL);
}

/* Moves next_rcpt to one that was not refused before it was sent. */
static bool find_rcpt(struct smtp_client *client)
{
    while (client->next_rcpt < client->mail->rcpt_count &&
           client->results[client->next_rcpt].reply.code)
        client->next_rcpt++;
    return client->next_rcpt < client->mail->rcpt_count;
}

static void write_rcpt(struct smtp_client *client)
{
    client_write_rcpt(client, &client->mail->rcpts[client->next_rcpt]);
    client_owe(client, CLIENT_OWED_RCPT, client->next_rcpt++);
    if (!find_rcpt(client))
        client->step = CLIENT_STEP_DATA;
}

static void write_step(struct smtp_client *client)
{
    switch (client->step) {
    case CLIENT_STEP_RSET:
        buf_add_str(&client->commands, "RSET\r\n");
        client_owe(client, CLIENT_OWED_RSET, 0);
        client->needs_reset = false;
        client->step = CLIENT_STEP_MAIL;
        break;
    case CLIENT_STEP_MAIL:
        client_write_mail(client, client->mail);
        client_owe(client, CLIENT_OWED_MAIL, 0);
        client->step = CLIENT_STEP_RCPT;
        break;
    case CLIENT_STEP_RCPT:
        write_rcpt(client);
        break;
    case CLIENT_STEP_DATA:
        buf_add_str(&client->commands, "DATA\r\n");
        client_owe(client, CLIENT_OWED_DATA, 0);
        client->step = CLIENT_STEP_NONE;
        break;
    case CLIENT_STEP_NONE:
        break;
    }
}

static void go_on(struct smtp_client *client)
{
    if (client->step == CLIENT_STEP_NONE)
        return;
    do
        write_step(client);
    while (client->peer.has_pipelining && client->step != CLIENT_STEP_NONE);
    client_flush(client);
}

/* Nothing was sent behind this reply: nothing to wait for. */
static bool is_last_sent(const struct smtp_client *client)
{
    return client->debt_count == 0;
}

void client_on_rset(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    if (smtp_reply_class(reply) == 2)
        go_on(client);
    else
        lose(client, SMTP_STAGE_MAIL);
}

void client_on_mail(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    client->is_mail_answered = true;
    if (smtp_reply_class(reply) == 2) {
        client->needs_reset = true;
        go_on(client);
        return;
    }
    if (reply->code < 400) {
        lose(client, SMTP_STAGE_MAIL);
        return;
    }
    client->is_mail_refused = true;
    decide_rest(client, SMTP_STAGE_MAIL, reply);
    if (is_last_sent(client))
        finish(client, (struct smtp_result){0});
}

void client_on_rcpt(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    if (smtp_reply_class(reply) == 3) {
        lose(client, SMTP_STAGE_RCPT);
        return;
    }
    if (!client->is_mail_refused)
        client->results[index] = (struct smtp_rcpt_result){
            SMTP_STAGE_RCPT, smtp_reply_copy(client->arenas[client->turn], reply),
            .is_ours = false};
    if (!is_last_sent(client))
        return;
    if (client->step == CLIENT_STEP_DATA && count_accepted(client) == 0)
        finish(client, (struct smtp_result){0});
    else
        go_on(client);
}

static void send_body(struct smtp_client *client)
{
    const struct slice all[] = {client->mail->trace, client->mail->body, SLICE(".\r\n")};
    struct slice parts[3];
    size_t count = 0;

    for (size_t i = 0; i < 3; i++)
        if (all[i].len)
            parts[count++] = all[i];
    client_owe(client, CLIENT_OWED_DOT, 0);
    client->is_dot_sent = true;
    smtp_tap_lines(client->tap, SMTP_SENT, all[2]);
    client->ops->on_output(client->owner, parts, count);
}

void client_on_data(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    if (smtp_reply_class(reply) == 2) {
        lose(client, SMTP_STAGE_DATA);
    } else if (reply->code >= 400) {
        if (count_accepted(client))
            decide_rest(client, SMTP_STAGE_DATA, reply);
        finish(client, (struct smtp_result){0});
    } else if (count_accepted(client)) {
        send_body(client);
    } else {
        buf_add_str(&client->commands, ".\r\n");
        client_owe(client, CLIENT_OWED_LONE_DOT, 0);
        client_flush(client);
    }
}

void client_on_dot(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    if (smtp_reply_class(reply) == 3) {
        lose(client, SMTP_STAGE_DOT);
        return;
    }
    client->needs_reset = false;
    decide_rest(client, SMTP_STAGE_DOT, reply);
    finish(client, (struct smtp_result){0});
}

void client_on_lone_dot(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    if (smtp_reply_class(reply) == 3) {
        lose(client, SMTP_STAGE_DOT);
        return;
    }
    client->needs_reset = false;
    finish(client, (struct smtp_result){0});
}

void client_on_refusal(struct smtp_client *client, const struct smtp_reply *reply, size_t index)
{
    (void)index;
    client->needs_reset = false;
    client->is_over |= smtp_reply_class(reply) != 2;
    finish(client, (struct smtp_result){0});
}

static struct smtp_rcpt_result ours(enum smtp_stage stage, struct smtp_reply why)
{
    return (struct smtp_rcpt_result){stage, why, .is_ours = true};
}

/* Decides what we can decide ourselves. */
static void refuse_ourselves(struct smtp_client *client)
{
    const struct smtp_mail *mail = client->mail;
    struct smtp_reply why;
    uint64_t sent = 0;
    bool can_send = client_can_send(client, mail, &why);

    for (size_t i = 0; i < mail->rcpt_count; i++) {
        if (!can_send)
            client->results[i] = ours(SMTP_STAGE_MAIL, why);
        else if (!client_can_send_to(&mail->rcpts[i]))
            client->results[i] =
                ours(SMTP_STAGE_RCPT, SMTP_REPLY(553, 5, 1, 3, "The address cannot be sent"));
        else if (client->peer.rcpt_max && sent >= client->peer.rcpt_max)
            client->results[i] =
                ours(SMTP_STAGE_RCPT, SMTP_REPLY(452, 4, 5, 3, "The peer takes fewer recipients"));
        else
            sent++;
    }
}

static void start_arena(struct smtp_client *client)
{
    client->turn ^= 1;
    if (client->arenas[client->turn])
        arena_reset(client->arenas[client->turn]);
    else
        client->arenas[client->turn] = arena_new(ARENA_BYTES);
}

void smtp_client_send(struct smtp_client *client, const struct smtp_mail *mail)
{
    ASSERT(smtp_client_is_idle(client));
    start_arena(client);
    client->mail = mail;
    client->results =
        arena_alloc(client->arenas[client->turn], mail->rcpt_count * sizeof *client->results);
    client->is_mail_answered = client->is_mail_refused = client->is_dot_sent = false;
    client->next_rcpt = 0;
    refuse_ourselves(client);
    if (find_rcpt(client)) {
        client->step = client->needs_reset ? CLIENT_STEP_RSET : CLIENT_STEP_MAIL;
        go_on(client);
    } else {
        client->step = CLIENT_STEP_NONE;
        buf_add_str(&client->commands, "RSET\r\n");
        client_owe(client, CLIENT_OWED_REFUSAL, 0);
        client_flush(client);
    }
}
