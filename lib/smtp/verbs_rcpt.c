/* SPDX-License-Identifier: Apache-2.0
 * RCPT: one recipient of the transaction (RFC 5321 4.1.1.3, RFC 9422 RCPTMAX). */
#include "mail/address.h"
#include "smtp/params.h"
#include "smtp/server_state.h"

/* rcpt = "RCPT TO:" ( "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF */
static struct smtp_reply parse_rcpt(const struct smtp_server *server, struct slice args,
                                    struct smtp_rcpt *rcpt)
{
    const struct smtp_server_settings *settings = server->settings;
    struct smtp_reply refusal = server_reply_of(SERVER_REPLY_RCPT_SYNTAX);
    struct mail_address address;
    const char *why;

    if (!slice_starts_nocase(args, SLICE("TO:")))
        return refusal;
    args = slice_trim(slice_skip(args, 3));
    if (!mail_path_parse(&args, false, true, false, &address, &why)) {
        refusal.enhanced = (struct smtp_enhanced){5, 1, 3};
        refusal.text = slice_str(why);
        return refusal;
    }
    if (args.len && args.at[0] != ' ')
        return refusal;
    rcpt->address = address.text;
    refusal = smtp_params_rcpt(args, settings->has_dsn ? SMTP_OFFER_DSN : 0U, rcpt);
    if (refusal.code == 0 && settings->max_recipients &&
        server->recipients >= settings->max_recipients)
        refusal = server_reply_of(SERVER_REPLY_TOO_MANY_RCPTS);
    return refusal;
}

void server_rcpt(struct smtp_server *server, struct slice args)
{
    struct smtp_rcpt rcpt = {.address = SLICE(""), .orcpt = SLICE("")};
    struct smtp_reply reply = parse_rcpt(server, args, &rcpt);

    if (reply.code == 0) {
        rcpt.address = arena_copy(server->arena, rcpt.address);
        rcpt.orcpt = arena_copy(server->arena, rcpt.orcpt);
        reply = server->ops->on_rcpt(server->owner, &rcpt);
    }
    if (reply.code == 0) {
        server->recipients++;
        server->state = SERVER_RCPT;
        reply = server_reply_of(SERVER_REPLY_RECIPIENT_OK);
    }
    server_reply(server, reply);
}
