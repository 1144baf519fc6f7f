/* SPDX-License-Identifier: Apache-2.0
 * What the files of a stream share: stream.c owns its life and its reads, stream_connect.c its
 * beginning, stream_write.c its writes, stream_tls.c its encryption. Not for other folders. */
#pragma once

#include <uv.h>

#include "base/buf.h"
#include "net/stream.h"

struct stream_tls;

enum stream_state {
    STREAM_CONNECTING,
    STREAM_OPEN,
    STREAM_FLUSHING, /* closing: only what is pending still goes out */
    STREAM_ENDED,    /* the handle is closing: on_closed is next */
};

struct stream {
    union {
        uv_handle_t handle;
        uv_stream_t any;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    union { /* one at a time: writes begin when connected */
        uv_connect_t connect;
        uv_write_t write;
    } request;
    struct loop *loop;
    const struct stream_ops *ops; /* NULL: nobody to call */
    void *owner;
    enum stream_state state;
    enum stream_close reason;
    bool has_ended; /* the peer sends no more */
    bool is_paused;
    bool is_reading;        /* libuv polls for input */
    struct slice unread;    /* of the input being delivered */
    struct buf detail;      /* of the close; empty until there is one */
    struct buf sending;     /* what libuv is writing */
    struct buf pending;     /* what follows it */
    struct stream_tls *tls; /* NULL: clear text */
    struct loop_timer *deadline;
    struct net_address peer, local;
};

/* A stream in STREAM_CONNECTING whose handle is not initialised. */
struct stream *stream_new(struct loop *loop, const struct stream_ops *ops, void *owner);
/* The next connection of a listening handle, or NULL when it is gone already. Clear ops. */
struct stream *stream_accept(struct loop *loop, uv_stream_t *from);
/* The socket is connected: notes the addresses, starts reading. */
void stream_opened(struct stream *stream);
/* Closes the handle; on_closed follows. The first reason given is the one reported. */
void stream_end(struct stream *stream, enum stream_close reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The peer has ended its side. */
void stream_input_ended(struct stream *stream);
/* Sends what is pending, then ends; input is thrown away meanwhile. */
void stream_flush_and_end(struct stream *stream, enum stream_close reason, const char *detail);
/* One deadline at a time; what it means depends on the state. */
void stream_set_deadline(struct stream *stream, uint64_t timeout_ms);
void stream_clear_deadline(struct stream *stream);

/* Writes as is: clear text of a plain stream, records of a TLS one. */
void stream_send(struct stream *stream, const struct slice *parts, size_t count);

/* Records from the socket: handshake, clear text to on_read. */
void stream_tls_feed(struct stream *stream, struct slice bytes);
void stream_tls_write(struct stream *stream, const struct slice *parts, size_t count);
/* Sends close_notify. */
void stream_tls_finish(struct stream *stream);
bool stream_tls_is_up(const struct stream *stream);
void stream_tls_free(struct stream_tls **tls);
