/* SPDX-License-Identifier: Apache-2.0
 * The server side of SMTP as a no-I/O engine (RFC 5321, 1870, 2034, 2920, 3207, 4954, 6152; the
 * rules I1..I41 of docs/smtp.md). Bytes in by smtp_server_feed, bytes out by the `out` buf that the
 * owner writes and clears. Only CRLF ends a line, only CRLF.CRLF ends data. */
#pragma once

#include "smtp/envelope.h"
#include "smtp/reply.h"
#include "smtp/tap.h"

struct smtp_server;

struct smtp_server_settings {
    const char *hostname;    /* greeting and EHLO */
    uint64_t max_size_bytes; /* SIZE; 0: no limit */
    unsigned max_recipients; /* per transaction; beyond: 452 4.5.3; 0: no limit */
    /* 4xx/5xx to commands since the last mail accepted (the 452 above not counted); one more gets
     * 421. 0: no limit. */
    unsigned max_errors;
    bool has_starttls;    /* a certificate is set */
    bool is_implicit_tls; /* TLS came before the greeting: no STARTTLS */
    bool has_auth;        /* offer AUTH, within TLS only */
    bool has_dsn;         /* offer DSN (RFC 3461) */
};

enum smtp_auth_mechanism { SMTP_AUTH_PLAIN, SMTP_AUTH_LOGIN };
const char *smtp_auth_name(enum smtp_auth_mechanism mechanism); /* "PLAIN" */

#define SMTP_CREDENTIAL_MAX 255 /* octets of a user's name, and of a password */

struct smtp_credentials {
    enum smtp_auth_mechanism mechanism;
    struct slice user, password; /* 1 to SMTP_CREDENTIAL_MAX octets each, of any kind but NUL */
};

enum smtp_auth_result {
    SMTP_AUTH_WRONG,   /* 535 5.7.8 */
    SMTP_AUTH_RIGHT,   /* 235 2.7.0 */
    SMTP_AUTH_LATER,   /* 454 4.7.0: nothing was found out */
    SMTP_AUTH_BLOCKED, /* 454 4.7.0: not even asked, after too many failures of this client */
};

/* Decisions are immediate values: code 0 means "yes" and the engine words the 250. The slices in
 * arguments live until the next MAIL (they are in the engine's transaction arena). */
struct smtp_server_ops {
    struct smtp_reply (*on_helo)(void *owner, struct slice name, bool is_extended);
    struct smtp_reply (*on_mail)(void *owner, const struct smtp_from *from);
    struct smtp_reply (*on_rcpt)(void *owner, const struct smtp_rcpt *rcpt);
    /* Body octets, dot-stuffed exactly as received, without the final ".CRLF". Returns false when
     * over budget: the rest is read and dropped, and the end of data answered 452 4.3.1. */
    bool (*on_body)(void *owner, struct slice bytes);
    /* The end of data came. The owner answers by smtp_server_answer, now or later; until then the
     * engine keeps further input waiting. */
    void (*on_data_end)(void *owner);
    /* The transaction ended without a mail: RSET, EHLO, refused content, disconnect by us. */
    void (*on_reset)(void *owner);
    /* Credentials came; the engine overwrites them when the call returns. The owner answers by
     * smtp_server_answer_auth, now or later; until then further input waits. */
    void (*on_auth)(void *owner, const struct smtp_credentials *credentials);
    /* Start TLS on the stream after writing `out`, then call smtp_server_secured. */
    void (*on_starttls)(void *owner);
    /* The session is over (QUIT, 421, 554 to an early talker, octets behind STARTTLS): write `out`,
     * then close. Fires once, also from inside smtp_server_shutdown, _abort and _answer; not
     * after a greeting that refused. */
    void (*on_quit)(void *owner);
};

enum smtp_server_phase { /* for timeouts and metrics */
                         SMTP_SERVER_COMMAND,
                         SMTP_SERVER_DATA,
                         SMTP_SERVER_ANSWER,
                         SMTP_SERVER_AUTH,   /* a line of credentials is due */
                         SMTP_SERVER_VERIFY, /* on_auth waits for its answer */
                         SMTP_SERVER_TLS,
                         SMTP_SERVER_CLOSED,
};

/* settings outlive the engine. */
struct smtp_server *smtp_server_new(const struct smtp_server_settings *settings,
                                    const struct smtp_server_ops *ops, void *owner);
void smtp_server_free(struct smtp_server **server);
/* From now on, NULL: no more. AUTH shows no credentials, and what is no command shows as "***". The
 * tap outlives its use. */
void smtp_server_tap(struct smtp_server *server, const struct smtp_tap *tap);
/* Replies that wait to be written; the owner writes and buf_clears it after each call. */
struct buf *smtp_server_out(struct smtp_server *server);
/* The 220; or, refusing the connection, that reply and no session (421, 554): the owner writes
 * `out` and closes. What arrives before the greeting ends the session with 554 (I18). */
void smtp_server_greet(struct smtp_server *server, const struct smtp_reply *refusal);
/* Everything is taken: unfinished lines (at most 2 KiB; 12 KiB of AUTH) and what waits behind an
 * answer are kept inside (bounded: the owner pauses its stream while smtp_server_is_full). Not from
 * inside a callback, and nothing is freed from inside one. */
void smtp_server_feed(struct smtp_server *server, struct slice bytes);
/* The reply to the end of data; continues with waiting input. Only between on_data_end and the
 * answer; may be called from inside on_data_end. */
void smtp_server_answer(struct smtp_server *server, const struct smtp_reply *reply);
/* Only between on_auth and the answer; may be called from inside on_auth. */
void smtp_server_answer_auth(struct smtp_server *server, enum smtp_auth_result result);
/* TLS is up: full reset, EHLO needed again. Clear text fed between on_starttls and this call ends
 * the session (I26). */
void smtp_server_secured(struct smtp_server *server);
/* Ends the session with 421 4.3.2 as soon as the protocol allows: now, or behind the answer to the
 * mail in progress. reason: our own words. */
void smtp_server_shutdown(struct smtp_server *server, const char *reason);
/* The same in the middle of a mail as well, whose octets then end with a 421: for clients that are
 * too slow. Behind an unanswered mail it still waits for the answer. */
void smtp_server_abort(struct smtp_server *server, const char *reason);
bool smtp_server_is_full(const struct smtp_server *server);
enum smtp_server_phase smtp_server_phase(const struct smtp_server *server);
/* The name given by EHLO or HELO; "" before. is_esmtp: EHLO. */
struct slice smtp_server_helo(const struct smtp_server *server, bool *ret_is_esmtp);
