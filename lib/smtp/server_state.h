/* SPDX-License-Identifier: Apache-2.0
 * The state of the server engine, shared by its files only: server.c cuts input into lines and
 * data, server_verbs.c finds the verb, verbs_*.c carry it out. */
#pragma once

#include "smtp/dot.h"
#include "smtp/server.h"
#include "smtp/server_replies.h"

enum server_state {
    SERVER_START = 1, /* no EHLO or HELO yet */
    SERVER_READY = 2, /* greeted, no mail under way */
    SERVER_MAIL = 4,  /* MAIL accepted, no recipient */
    SERVER_RCPT = 8,  /* at least one recipient accepted; also while its data comes */
};

/* What is known of a line before its CRLF. */
enum server_line {
    SERVER_LINE_CLEAN,
    SERVER_LINE_TOO_LONG, /* the rest is dropped */
    SERVER_LINE_AFTER_LF, /* it had a bare LF, which was answered */
};

struct server_auth; /* an exchange under way, with what it has of the credentials */

struct smtp_server {
    const struct smtp_server_settings *settings;
    const struct smtp_server_ops *ops;
    void *owner;
    enum smtp_server_phase phase;
    enum server_state state;
    enum server_line line;
    bool is_greeted, is_esmtp, is_secured, is_authenticated;
    bool is_running;     /* inside the loop over input: callbacks may be on the stack */
    bool is_over_budget; /* on_body said no */
    unsigned recipients, errors, auth_failures;
    struct server_auth *auth;    /* NULL: none under way */
    const char *shutdown_reason; /* not NULL: 421 as soon as the protocol allows */
    size_t behind_bytes;         /* input already there behind the command being carried out */
    struct buf out, waiting, helo;
    struct arena *arena; /* the transaction's; made by the first MAIL */
    struct smtp_from from;
    struct smtp_dot dot;
    uint64_t body_bytes;
    const struct smtp_tap *tap; /* NULL: nobody listens */
    size_t tapped;              /* of `out`, what was told */
};

/* server.c */
/* A reply to a command; counts errors and may turn into 421. */
void server_reply(struct smtp_server *server, struct smtp_reply reply);
void server_reply_with(struct smtp_server *server, enum server_reply reply);
/* on_reset when a mail was under way. */
void server_drop_transaction(struct smtp_server *server);
/* A last reply, then nothing more is taken or said. */
void server_close(struct smtp_server *server, struct smtp_reply reply);
/* Back to commands after data or TLS; the place where a shutdown that waited takes effect. */
void server_resume(struct smtp_server *server);

/* server_verbs.c: one whole line without CRLF. */
void server_dispatch(struct smtp_server *server, struct slice line);
bool server_has_verb(struct slice name);

/* server_tap.c: what was said, and then what came: one line, with the CR of its end. */
void server_tap_replies(struct smtp_server *server);
void server_tap_command(struct smtp_server *server, struct slice line);

/* verbs_*.c: args are trimmed. */
void server_auth(struct smtp_server *server, struct slice args);
/* A line in phase AUTH. */
void server_auth_line(struct smtp_server *server, struct slice line);
/* Ends the exchange, if one is under way; phase AUTH becomes COMMAND. */
void server_auth_drop(struct smtp_server *server);
void server_ehlo(struct smtp_server *server, struct slice args);
void server_helo(struct smtp_server *server, struct slice args);
void server_starttls(struct smtp_server *server, struct slice args);
void server_mail(struct smtp_server *server, struct slice args);
void server_rcpt(struct smtp_server *server, struct slice args);
void server_data(struct smtp_server *server, struct slice args);
/* Octets in phase DATA. */
void server_take_data(struct smtp_server *server, struct slice *in);
