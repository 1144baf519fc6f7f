/* SPDX-License-Identifier: Apache-2.0
 * struct stream: a connected TCP (or unix-socket) byte stream, plain or TLS, in or out. Reads are
 * pushed into on_read; writes go to the socket at once when it takes them, and wait in memory
 * otherwise. Nagle is off. */
#pragma once

#include "base/net_address.h"
#include "net/loop.h"
#include "net/tls.h"

struct stream;

enum stream_close {
    STREAM_LOCAL,   /* stream_close or stream_abort */
    STREAM_EOF,     /* the peer closed; what was pending is sent first, as by stream_close */
    STREAM_REFUSED, /* connect: refused or unreachable */
    STREAM_TIMEOUT, /* connect or TLS handshake deadline */
    STREAM_RESET,   /* reset or other socket error */
    STREAM_TLS,     /* handshake or record failure */
};

struct stream_ops {
    /* Out: connected (before any TLS). Not called for accepted streams. */
    void (*on_connected)(void *owner);
    /* TLS is up; what arrives now was encrypted. Bytes that were buffered in clear text behind the
     * start are never delivered: the stream closes with STREAM_TLS instead (I26, C19). */
    void (*on_secured)(void *owner);
    /* The bytes are valid during the call only; the owner takes all of them, but for what it gives
     * back by stream_unread. The owner may close the stream inside. */
    void (*on_read)(void *owner, struct slice bytes);
    /* Everything written so far has left for the socket after stream_pending was > 0. May be NULL.
     */
    void (*on_drained)(void *owner);
    /* Once: the peer has ended its side, and may go on reading. true: the owner owes it something,
     * and closes the stream when that is written. false, or NULL: it closes now, with STREAM_EOF.
     */
    bool (*on_end)(void *owner);
    /* Exactly once, and last, whoever closed; at the end of the loop turn. The stream is freed
     * after it returns. detail: a sentence for the log, never NULL. */
    void (*on_closed)(void *owner, enum stream_close reason, const char *detail);
};

/* Starts connecting; failures arrive by on_closed. source: local address to bind, or NULL.
 * timeout_ms: until on_connected. */
struct stream *stream_connect(struct loop *loop, const struct net_address *to,
                              const struct net_address *source, uint64_t timeout_ms,
                              const struct stream_ops *ops, void *owner);
/* Connections can come from that address: this machine has it now. */
bool stream_can_come_from(const struct net_address *source);
/* To a unix socket. */
struct stream *stream_connect_unix(struct loop *loop, const char *path, uint64_t timeout_ms,
                                   const struct stream_ops *ops, void *owner);
/* Changes who is called (a pooled connection that gets a new owner, an accepted stream that gets
 * its first). NULL ops: nobody, for an owner that goes away and aborts the stream at once. */
void stream_set_owner(struct stream *stream, const struct stream_ops *ops, void *owner);

/* From inside on_read, in clear text: the end of its bytes, shorter than what came, is somebody
 * else's. It is read again when on_read has returned: by the owner of then, or by TLS where that
 * was started meanwhile. For what precedes a protocol (PROXY), never for STARTTLS, where octets
 * behind the command are an attack. */
void stream_unread(struct stream *stream, struct slice rest);

/* Copies what the socket does not take at once. parts are written in order, as one writev where
 * plain. Errors arrive by on_closed. Ignored on a closing stream and during a TLS handshake. */
void stream_write(struct stream *stream, struct slice bytes);
void stream_writev(struct stream *stream, const struct slice *parts, size_t count);
/* Bytes that wait in memory because the socket was full. */
size_t stream_pending(const struct stream *stream);

/* Back-pressure: a paused stream reads nothing from the socket, and so does not notice that the
 * peer closed. Both are cheap. */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

/* Client or server by the context's kind. name: SNI and, when the context verifies, the identity
 * (NULL for servers). Deadline timeout_ms. Call it from on_read or later, with everything of the
 * clear-text phase taken. */
void stream_start_tls(struct stream *stream, struct tls *tls, const char *name,
                      uint64_t timeout_ms);
bool stream_is_tls(const struct stream *stream);
/* "TLSv1.3" and the like, or "" . */
const char *stream_tls_version(const struct stream *stream);

/* Sends what is pending (at most 5 s), then FIN, then on_closed(STREAM_LOCAL). Idempotent. */
void stream_close(struct stream *stream);
/* Drops what is pending and closes at once. Still on_closed, at the end of the turn. */
void stream_abort(struct stream *stream);
const struct net_address *stream_peer(const struct stream *stream);
const struct net_address *stream_local(const struct stream *stream);
