/* SPDX-License-Identifier: Apache-2.0
 * What a tap on the server engine hears: replies as they are worded, and commands whose verb is
 * known. Anything else may be a credential that came out of turn. */
#include "smtp/server_state.h"

#define HIDDEN SLICE("***")

void server_tap_replies(struct smtp_server *server)
{
    if (!server->tap)
        return;
    smtp_tap_lines(server->tap, SMTP_SENT, slice_skip(buf_slice(&server->out), server->tapped));
    server->tapped = server->out.len;
}

/* The mechanism is told when it is one that we know: what else stands there may be a secret. */
static void tap_auth(const struct smtp_server *server, struct slice args)
{
    struct slice name = slice_cut(&args, ' ');
    struct buf line = {0};

    buf_add_str(&line, "AUTH ");
    for (enum smtp_auth_mechanism i = SMTP_AUTH_PLAIN; i <= SMTP_AUTH_LOGIN; i++)
        if (slice_eq_nocase(name, slice_str(smtp_auth_name(i)))) {
            buf_add(&line, name);
            buf_add_char(&line, ' ');
        }
    buf_add(&line, HIDDEN);
    smtp_tap_lines(server->tap, SMTP_RECEIVED, buf_slice(&line));
    buf_free(&line);
}

static void tap_line(const struct smtp_server *server, struct slice line)
{
    struct slice args = slice_trim(line);
    struct slice verb = slice_cut(&args, ' ');

    if (server->phase == SMTP_SERVER_AUTH || !server_has_verb(verb))
        smtp_tap_lines(server->tap, SMTP_RECEIVED, HIDDEN);
    else if (slice_eq_nocase(verb, SLICE("AUTH")))
        tap_auth(server, slice_trim(args));
    else
        smtp_tap_lines(server->tap, SMTP_RECEIVED, line);
}

void server_tap_command(struct smtp_server *server, struct slice line)
{
    if (!server->tap)
        return;
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    server_tap_replies(server);
    tap_line(server, line);
}

void smtp_server_tap(struct smtp_server *server, const struct smtp_tap *tap)
{
    server->tap = tap;
    server->tapped = server->out.len;
}
