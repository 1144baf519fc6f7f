/* SPDX-License-Identifier: Apache-2.0
 * The client side of SMTP as a no-I/O engine: a queue of owed replies (RFC 5321, 1870, 2920, 3207,
 * 3461, 6152; rules C6..C16 of docs/smtp.md). One session, one mail at a time. Never a bare CR or
 * LF, and no CR, LF or NUL in an argument (C24), whatever it is given. */
#pragma once

#include "smtp/envelope.h"
#include "smtp/reply.h"
#include "smtp/tap.h"

struct smtp_client;

enum smtp_stage { /* where a reply or a loss belongs */
                  SMTP_STAGE_CONNECT,
                  SMTP_STAGE_GREETING,
                  SMTP_STAGE_HELO,
                  SMTP_STAGE_TLS,
                  SMTP_STAGE_MAIL,
                  SMTP_STAGE_RCPT,
                  SMTP_STAGE_DATA,
                  SMTP_STAGE_DOT,
                  SMTP_STAGE_IDLE,
                  SMTP_STAGE_QUIT,
};
const char *smtp_stage_name(enum smtp_stage stage); /* "RCPT TO", "end of DATA", ... */

struct smtp_client_settings {
    const char *hostname; /* EHLO argument; the settings outlive the client */
    bool use_starttls;    /* when offered; opportunistic unless need_tls */
    bool need_tls;
};

/* What a mail to be sent is made of; everything outlives the transaction. */
struct smtp_mail {
    struct smtp_from from;
    const struct smtp_rcpt *rcpts;
    size_t rcpt_count;
    /* Dot-stuffed CRLF lines; trace goes first. Together without the final ".CRLF". */
    struct slice trace, body;
    bool is_8bit; /* content has octets over 127: needs 8BITMIME (C11) */
};

struct smtp_rcpt_result {
    enum smtp_stage stage;   /* whose reply decided */
    struct smtp_reply reply; /* code 0: lost before it came */
    bool is_ours;            /* refused by us, in our words: the peer never said so */
};

struct smtp_result {
    struct smtp_rcpt_result *rcpts; /* one per recipient, in order */
    size_t rcpt_count;
    bool is_lost;        /* the connection ended or spoke garbage: code-0 results */
    bool is_uncertain;   /* the final dot was sent, its reply never came (C16) */
    bool is_reusable;    /* the session may take another mail */
    bool is_unsent;      /* lost before MAIL was answered: nothing happened (pool rule) */
    bool is_beyond_peer; /* nothing was sent: too large or 8-bit for this host (C11) */
    bool peer_has_dsn;   /* DSN was passed on (C12) */
};

struct smtp_client_ops {
    /* Bytes for the peer, in order. May be called from inside smtp_client_feed, _send, _quit. */
    void (*on_output)(void *owner, const struct slice *parts, size_t count);
    /* Greeting, EHLO (or HELO) and TLS are through: smtp_client_send may be called. */
    void (*on_ready)(void *owner);
    /* Start TLS on the stream now, then call smtp_client_secured. */
    void (*on_starttls)(void *owner);
    /* The mail is decided. Exactly once per smtp_client_send, never from inside it. The result and
     * its slices are valid during the call. The owner may send the next mail or quit from inside,
     * but not free the client. */
    void (*on_result)(void *owner, const struct smtp_result *result);
    /* The session cannot be used: greeting, HELO or TLS refused, 421, garbage or loss while no mail
     * was under way. The reply, when there was one, decides (code 0: none). Close the stream.
     * Every session that is not quit ends once: here, or by a result that is not reusable. */
    void (*on_unusable)(void *owner, enum smtp_stage stage, const struct smtp_reply *reply);
};

struct smtp_client *smtp_client_new(const struct smtp_client_settings *settings,
                                    const struct smtp_client_ops *ops, void *owner);
void smtp_client_free(struct smtp_client **client);
/* From now on, NULL: no more. Of the content only its final dot is heard. The tap outlives its use.
 */
void smtp_client_tap(struct smtp_client *client, const struct smtp_tap *tap);
void smtp_client_feed(struct smtp_client *client, struct slice bytes);
void smtp_client_secured(struct smtp_client *client);
/* Only when ready and idle. Pipelines MAIL, RCPT.. and DATA when the peer offers it.
 * What we refuse ourselves becomes a result with a reply in our own words: SIZE too small
 * (552 5.3.4), no 8BITMIME (554 5.6.3), content that is no dot-stuffed CRLF lines (554 5.6.0), an
 * address that is none (553 5.1.3, 5.1.7), a recipient above the peer's RCPTMAX (452 4.5.3: send it
 * in the next mail). When that leaves nothing to send, no MAIL goes out: the engine sends RSET and
 * on_result comes with its reply, so it never fires from inside this call and needs no loop. */
void smtp_client_send(struct smtp_client *client, const struct smtp_mail *mail);
/* The stream closed, or a deadline passed: the mail under way gets its result (is_lost). */
void smtp_client_lost(struct smtp_client *client);
/* QUIT; the reply is not waited for. Not while a mail is under way. Nothing when the session is
 * over already. */
void smtp_client_quit(struct smtp_client *client);
/* What the engine waits for now; for the deadlines of docs/smtp.md section 5. */
enum smtp_stage smtp_client_stage(const struct smtp_client *client);
/* Ready, idle, nothing owed: may go to the pool. */
bool smtp_client_is_idle(const struct smtp_client *client);
