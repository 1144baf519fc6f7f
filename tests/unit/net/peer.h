/* SPDX-License-Identifier: Apache-2.0
 * One end of a connection that notes what happens to it, and a pair of them over a listener on
 * loopback. Checks the contract of stream.h by itself: on_closed comes once and last, and no
 * callback comes from inside a call (see PEER_CALL). */
#pragma once

#include "unit/net/cases.h"

#include "base/buf.h"
#include "net/listen.h"

struct peer {
    struct stream *stream; /* NULL once closed */
    bool is_calling;       /* our own code is inside a call of lib/net */
    int connected, secured, drained, closed;
    struct buf received;
    enum stream_close reason;
    struct buf detail;
    void (*on_bytes)(struct peer *peer); /* after each read; may be NULL */
    struct slice bytes;                  /* of this read, for on_bytes */
    struct tls *tls;                     /* for on_bytes */
    struct peer *next;                   /* for on_bytes */
    bool owes;                           /* goes on when the other end sends no more */
    int ended;
};

struct pair {
    struct loop *loop;
    struct listener *listener;
    struct peer client, server;
};

extern const struct stream_ops PEER_OPS;
extern const struct listener_ops PAIR_OPS; /* the owner is the pair: accepts into pair->server */

/* Runs a call and fails when a callback comes from inside it. */
#define PEER_CALL(peer, call)                                                                      \
    do {                                                                                           \
        (peer)->is_calling = true;                                                                 \
        call;                                                                                      \
        (peer)->is_calling = false;                                                                \
    } while (0)

struct net_address peer_loopback(uint16_t port);
/* What was received so far, exactly? */
bool peer_has(struct peer *peer, const char *text);

/* cmocka set-up and tear-down: *state is a connected struct pair. The tear-down aborts what is
 * still open. */
int pair_open(void **state);
int pair_close(void **state);
