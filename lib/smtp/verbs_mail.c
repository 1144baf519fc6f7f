/* SPDX-License-Identifier: Apache-2.0
 * MAIL: begins a transaction and its arena (RFC 5321 4.1.1.2, RFC 1870 6). */
#include "mail/address.h"
#include "smtp/params.h"
#include "smtp/server_state.h"

#define ARENA_BYTES 1024

/* The transaction outlives the input buffer: what it keeps moves into the arena. */
static void keep(struct smtp_server *server, const struct smtp_from *from)
{
    if (server->arena)
        arena_reset(server->arena);
    else
        server->arena = arena_new(ARENA_BYTES);
    server->from = *from;
    server->from.address = arena_copy(server->arena, from->address);
    server->from.envid = arena_copy(server->arena, from->envid);
}

/* mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF */
static struct smtp_reply parse_mail(const struct smtp_server *server, struct slice args,
                                    struct smtp_from *from)
{
    const struct smtp_server_settings *settings = server->settings;
    struct smtp_reply refusal = server_reply_of(SERVER_REPLY_MAIL_SYNTAX);
    struct mail_address address;
    unsigned offered = (settings->has_dsn ? SMTP_OFFER_DSN : 0U) |
                       (settings->has_auth && server->is_secured ? SMTP_OFFER_AUTH : 0U);
    const char *why;

    if (!slice_starts_nocase(args, SLICE("FROM:")))
        return refusal;
    args = slice_trim(slice_skip(args, 5)); /* a blank behind the colon is common */
    if (!mail_path_parse(&args, true, false, false, &address, &why)) {
        refusal.enhanced = (struct smtp_enhanced){5, 1, 7};
        refusal.text = slice_str(why);
        return refusal;
    }
    if (args.len && args.at[0] != ' ')
        return refusal;
    from->address = address.text;
    refusal = smtp_params_mail(args, offered, from);
    if (refusal.code == 0 && settings->max_size_bytes &&
        from->size_bytes > settings->max_size_bytes)
        refusal = server_reply_of(SERVER_REPLY_TOO_BIG);
    return refusal;
}

void server_mail(struct smtp_server *server, struct slice args)
{
    struct smtp_from from = {.address = SLICE(""), .envid = SLICE("")};
    struct smtp_reply reply = parse_mail(server, args, &from);

    if (reply.code == 0) {
        keep(server, &from);
        reply = server->ops->on_mail(server->owner, &server->from);
    }
    if (reply.code == 0) {
        server->state = SERVER_MAIL;
        reply = server_reply_of(SERVER_REPLY_SENDER_OK);
    }
    server_reply(server, reply);
}
