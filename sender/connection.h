/* SPDX-License-Identifier: Apache-2.0
 * One outgoing SMTP connection: a stream (of tunnel.c, where there is a proxy), a client engine and
 * the deadline of what is waited for (rules C6, C7, C18 of docs/smtp.md). It carries one mail after
 * the other; who may use it next is pool.c's business, where it leads to is delivery.c's. */
#pragma once

#include "sender/dest_group.h"
#include "sender/settings.h"
#include "sender/tunnel.h"
#include "service/tracing.h"
#include "smtp/client.h"

struct connection;

enum connection_state {
    CONNECTION_CONNECTING, /* TCP, and the way through a proxy */
    CONNECTION_HELLO,      /* greeting, EHLO, STARTTLS */
    CONNECTION_READY,      /* may send; only while a callback of the owner runs */
    CONNECTION_BUSY,       /* a mail is under way */
    CONNECTION_IDLE,       /* in the pool */
    CONNECTION_CLOSING,    /* the owner has been told; waits for the stream's end */
    CONNECTION_STATES
};

struct connection_trouble { /* why a connection cannot be used */
    enum smtp_stage stage;
    const struct smtp_reply *reply; /* code 0: there was none */
    const char *detail;             /* a sentence, never NULL */
    enum proxy_fault fault;         /* TARGET or ITSELF: a proxy's, not the host's; else NONE */
};

struct connection_ops {
    /* Hello is through: send, put it into the pool, or it is closed when this returns. */
    void (*on_ready)(void *owner, struct connection *connection);
    /* The mail is decided. The same choice as in on_ready, unless result->is_reusable is false:
     * then it is closing already. */
    void (*on_result)(void *owner, struct connection *connection, const struct smtp_result *result);
    /* It cannot be used, and no mail was under way. It is closing. */
    void (*on_failed)(void *owner, struct connection *connection,
                      const struct connection_trouble *trouble);
    /* The last question before content may be written: false aborts the connection, and the mail
     * ends as lost before the final dot. */
    bool (*may_send)(void *owner);
};

/* The role's way to connect, and all its connections by state. */
struct connection_set {
    struct loop *loop;
    const struct sender_settings *settings;
    struct tls *tls; /* NULL: no TLS */
    struct proxy_names *names;
    struct list states[CONNECTION_STATES];
    size_t counts[DEST_GROUPS_MAX][CONNECTION_STATES];
};

struct connection_target {
    struct net_address address;
    struct slice host;                /* MX name; copied */
    struct net_address source;        /* where it comes from; of family AF_UNSPEC: others choose */
    const struct source_proxy *proxy; /* NULL: none; copied */
    uint64_t proxy_id;                /* no other proxy has it, nor other values of one; 0: none */
    struct slice ehlo;                /* copied */
    size_t group;                     /* of the destination (dest_group.h) */
    bool is_clear;                    /* no TLS, although the settings want it when offered */
    struct slice configuration;       /* of the mail that it is opened for; copied */
};

/* The set outlives its connections. settings and tls likewise. */
void connection_set_init(struct connection_set *set, struct loop *loop,
                         const struct sender_settings *settings, struct tls *tls);
/* Deadlines; to be called every second. */
void connection_set_tick(struct connection_set *set);
/* Frees all at once; no callbacks. */
void connection_set_end(struct connection_set *set);
struct connection *connection_open(struct connection_set *set,
                                   const struct connection_target *target,
                                   const struct connection_ops *ops, void *owner);
/* Whether what is said from now on is logged; to be asked for each mail, as its destination
 * decides. tracing outlives the connection. */
void connection_trace(struct connection *connection, struct tracing *tracing,
                      struct slice destination);
/* READY or IDLE. Everything in mail outlives on_result. */
void connection_send(struct connection *connection, const struct smtp_mail *mail);
/* READY or IDLE: QUIT and FIN. No callback follows. */
void connection_close(struct connection *connection);
/* In any state: the owner wants no callback any more, and nothing more is written. */
void connection_abandon(struct connection *connection);
/* READY -> IDLE, IDLE -> READY: it changes hands. */
void connection_rest(struct connection *connection, const struct connection_ops *ops, void *owner);
void connection_wake(struct connection *connection, const struct connection_ops *ops, void *owner);

const struct net_address *connection_address(const struct connection *connection);
struct slice connection_host(const struct connection *connection);
/* As in the target. */
const struct net_address *connection_source(const struct connection *connection);
uint64_t connection_proxy_id(const struct connection *connection);
struct slice connection_ehlo(const struct connection *connection);
size_t connection_group(const struct connection *connection);
/* Our end for the host: once connected, as far as a proxy tells; before that as in the target. */
const struct net_address *connection_local(const struct connection *connection);
struct slice connection_configuration(const struct connection *connection);
bool connection_is_clear(const struct connection *connection);
/* It carried a mail before the one under way. */
bool connection_is_reused(const struct connection *connection);
/* It carried as many mails as the settings allow. */
bool connection_is_worn(const struct connection *connection);
/* Content was written: what happens to the mail is the peer's decision. */
bool connection_is_past_data(const struct connection *connection);
const char *connection_tls_version(const struct connection *connection);
/* From STARTTLS' 220 to the end of the handshake, or to now; false: there was none, 0 ms. */
bool connection_took_tls(const struct connection *connection, uint64_t *ret_ms);
/* The pool's bookkeeping hangs on the connection. */
struct connection_idle {
    struct list_node bucket_node, lru_node;
    struct pool_share *share;
    struct pool_bucket *bucket;
    uint64_t since_ms;
};
struct connection_idle *connection_idle(struct connection *connection);
struct connection *connection_of_idle(struct connection_idle *idle);
