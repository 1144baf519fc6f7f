/* SPDX-License-Identifier: Apache-2.0
 * The state of the client engine, shared by its files only. Each command sent pushes the reply it
 * is owed; each reply pops one and goes to client_on_<kind>. client.c holds the queue,
 * client_hello.c opens the session, client_mail.c runs a transaction, client_commands.c words it.
 */
#pragma once

#include "smtp/client.h"

/* X(KIND, name, stage, is_final): replies that can be owed, where a loss before them belongs, and
 * whether they end a mail. */
/* clang-format off */
#define CLIENT_OWED(X)                                                                             \
    X(GREETING, greeting, SMTP_STAGE_GREETING, false)                                              \
    X(EHLO,     ehlo,     SMTP_STAGE_HELO,     false)                                              \
    X(HELO,     helo,     SMTP_STAGE_HELO,     false)                                              \
    X(STARTTLS, starttls, SMTP_STAGE_TLS,      false)                                              \
    X(RSET,     rset,     SMTP_STAGE_MAIL,     false)                                              \
    X(MAIL,     mail,     SMTP_STAGE_MAIL,     false)                                              \
    X(RCPT,     rcpt,     SMTP_STAGE_RCPT,     false)                                              \
    X(DATA,     data,     SMTP_STAGE_DATA,     false)                                              \
    X(DOT,      dot,      SMTP_STAGE_DOT,      true)                                               \
    X(LONE_DOT, lone_dot, SMTP_STAGE_DOT,      true) /* DATA accepted, but no recipient (C8) */    \
    X(REFUSAL,  refusal,  SMTP_STAGE_MAIL,     true) /* RSET, to tell of our own refusal */
/* clang-format on */

enum client_owed {
#define CLIENT_OWED_ENUM(kind, name, stage, is_final) CLIENT_OWED_##kind,
    CLIENT_OWED(CLIENT_OWED_ENUM)
#undef CLIENT_OWED_ENUM
};

struct client_debt {
    enum client_owed kind;
    size_t index; /* RCPT: which recipient */
};

/* The next command of a transaction to be written. */
enum client_step {
    CLIENT_STEP_RSET,
    CLIENT_STEP_MAIL,
    CLIENT_STEP_RCPT,
    CLIENT_STEP_DATA,
    CLIENT_STEP_NONE
};

/* What the peer offered to the last EHLO. */
struct client_peer {
    bool has_pipelining, has_8bitmime, has_size, has_starttls, has_dsn;
    uint64_t size_max, rcpt_max; /* 0: no limit told */
};

struct smtp_client {
    const struct smtp_client_settings *settings;
    const struct smtp_client_ops *ops;
    void *owner;
    struct client_peer peer;
    bool is_ready, is_secured, is_awaiting_tls;
    bool is_over;      /* nothing more is sent or taken */
    bool needs_reset;  /* the last transaction is still open at the peer */
    bool has_leftover; /* input behind the reply being taken */
    struct smtp_reply_parser parser;
    struct client_debt *debts; /* a queue: [first, first + count) */
    size_t debt_first, debt_count, debt_cap;
    struct buf commands;        /* gathered for one on_output */
    const struct smtp_tap *tap; /* NULL: nobody listens */

    /* The mail under way, NULL: none. The results live in arenas[turn]; the other arena still holds
     * those of the mail before, whose owner may be reading them while it sends this one. */
    const struct smtp_mail *mail;
    struct arena *arenas[2];
    unsigned turn;
    struct smtp_rcpt_result *results; /* code 0: undecided; 2xx: accepted by RCPT */
    enum client_step step;
    size_t next_rcpt;
    uint64_t size_bytes; /* of the mail, without stuffed dots */
    bool is_mail_answered, is_mail_refused, is_dot_sent, is_beyond_peer;
};

#define CLIENT_ON_REPLY(kind, name, stage, is_final)                                               \
    void client_on_##name(struct smtp_client *client, const struct smtp_reply *reply, size_t index);
CLIENT_OWED(CLIENT_ON_REPLY)
#undef CLIENT_ON_REPLY

/* client.c */
void client_owe(struct smtp_client *client, enum client_owed kind, size_t index);
/* Sends what was gathered in `commands`. */
void client_flush(struct smtp_client *client);
/* The session is over. With a mail under way each undecided recipient gets the reply (NULL: lost);
 * otherwise on_unusable. Only once. */
void client_fail(struct smtp_client *client, enum smtp_stage stage, const struct smtp_reply *reply);

/* client_mail.c */
/* Ends the mail under way because the session ended: reply NULL or code 0 is a loss. */
void client_abandon(struct smtp_client *client, enum smtp_stage stage,
                    const struct smtp_reply *reply);

/* client_commands.c */
/* Whether the mail can be handed to this peer at all; ret_refusal tells why not. Sets size_bytes
 * and is_beyond_peer. */
bool client_can_send(struct smtp_client *client, const struct smtp_mail *mail,
                     struct smtp_reply *ret_refusal);
bool client_can_send_to(const struct smtp_rcpt *rcpt);
void client_write_mail(struct smtp_client *client, const struct smtp_mail *mail);
void client_write_rcpt(struct smtp_client *client, const struct smtp_rcpt *rcpt);
