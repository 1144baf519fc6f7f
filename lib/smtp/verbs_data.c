/* SPDX-License-Identifier: Apache-2.0
 * DATA: the octets of a mail and what becomes of them at their end (RFC 5321 4.1.1.4). Content that
 * must be refused is read to its real end first, so that the session stays in step. */
#include "smtp/server_state.h"

void server_data(struct smtp_server *server, struct slice args)
{
    (void)args;
    server->dot = (struct smtp_dot){0};
    server->body_bytes = 0;
    server->is_over_budget = false;
    server->phase = SMTP_SERVER_DATA;
    server_reply_with(server, SERVER_REPLY_START_DATA);
}

/* SIZE counts what the client's mail has, not the dots stuffed in for the way (RFC 1870 3). */
static bool is_too_big(const struct smtp_server *server)
{
    uint64_t max = server->settings->max_size_bytes;

    return max && server->body_bytes - server->dot.stuffed > max;
}

static enum server_reply refusal(const struct smtp_server *server)
{
    if (server->dot.is_violated)
        return SERVER_REPLY_LINE_ENDS;
    if (is_too_big(server))
        return SERVER_REPLY_TOO_BIG;
    return server->is_over_budget ? SERVER_REPLY_NO_ROOM : SERVER_REPLY_NONE;
}

static void take_body(struct smtp_server *server, struct slice bytes)
{
    server->body_bytes += bytes.len;
    if (bytes.len && refusal(server) == SERVER_REPLY_NONE)
        server->is_over_budget = !server->ops->on_body(server->owner, bytes);
}

static void end_data(struct smtp_server *server)
{
    enum server_reply why = refusal(server);

    if (why == SERVER_REPLY_NONE) {
        server->phase = SMTP_SERVER_ANSWER;
        server->ops->on_data_end(server->owner);
        return;
    }
    struct smtp_reply reply = server_reply_of(why);
    smtp_reply_add(&server->out, &reply);
    server_drop_transaction(server);
    server_resume(server);
}

void server_take_data(struct smtp_server *server, struct slice *in)
{
    struct smtp_dot_body body;
    enum parse state = smtp_dot_scan(&server->dot, in, &body);

    take_body(server, body.held);
    take_body(server, body.bytes);
    if (state == PARSE_DONE)
        end_data(server);
}
