/* SPDX-License-Identifier: Apache-2.0
 * The life of a stream and its reads. Every end goes through stream_end, and every on_closed
 * through on_handle_closed, which libuv calls at the end of the turn. */
#include "net/stream.h"

#include <sys/socket.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "net/loop_internal.h"
#include "net/stream_internal.h"

#define FLUSH_TIMEOUT_MS 5000
#define DISCARD_READS    16

static void on_handle_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;

    if (stream->ops)
        stream->ops->on_closed(stream->owner, stream->reason, buf_str(&stream->detail));
    stream_tls_free(&stream->tls);
    buf_free(&stream->detail);
    buf_free(&stream->sending);
    buf_free(&stream->pending);
    xfree(stream);
}

static void set_reason(struct stream *stream, enum stream_close reason, const char *detail)
{
    if (stream->detail.len > 0)
        return;
    stream->reason = reason;
    buf_add_str(&stream->detail, detail);
}

void stream_end(struct stream *stream, enum stream_close reason, const char *format, ...)
{
    struct buf detail = {0};
    va_list args;

    if (stream->state == STREAM_ENDED)
        return;
    va_start(args, format);
    buf_addv(&detail, format, args);
    va_end(args);
    set_reason(stream, reason, buf_str(&detail));
    buf_free(&detail);
    stream->state = STREAM_ENDED;
    stream_clear_deadline(stream);
    uv_close(&stream->uv.handle, on_handle_closed);
}

static void on_deadline(void *owner)
{
    struct stream *stream = owner;

    if (stream->state == STREAM_CONNECTING)
        stream_end(stream, STREAM_TIMEOUT, "the connection was not answered in time");
    else
        stream_end(stream, STREAM_TIMEOUT, "the TLS handshake was not finished in time");
}

void stream_set_deadline(struct stream *stream, uint64_t timeout_ms)
{
    if (!stream->deadline)
        stream->deadline = loop_timer_new(stream->loop, on_deadline, stream);
    loop_timer_start(stream->deadline, timeout_ms);
}

void stream_clear_deadline(struct stream *stream)
{
    loop_timer_free(&stream->deadline);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct stream *stream = handle->data;

    (void)suggested;
    *ret_buffer = stream->is_paused ? uv_buf_init(NULL, 0)
                                    : uv_buf_init(stream->loop->read_bytes, LOOP_READ_BYTES);
}

static void deliver_once(struct stream *stream, struct slice bytes)
{
    if (stream->tls)
        stream_tls_feed(stream, bytes);
    else
        stream->ops->on_read(stream->owner, bytes);
}

static void deliver(struct stream *stream, struct slice bytes)
{
    while (bytes.len > 0 && stream->state == STREAM_OPEN) {
        deliver_once(stream, bytes);
        bytes = stream->unread;
        stream->unread = SLICE_NONE;
    }
}

void stream_unread(struct stream *stream, struct slice rest)
{
    ASSERT(!stream->tls);
    stream->unread = rest;
}

void stream_input_ended(struct stream *stream)
{
    stream->has_ended = true;
    if (!stream->ops->on_end || !stream->ops->on_end(stream->owner))
        stream_flush_and_end(stream, STREAM_EOF, "the peer closed the connection");
}

static bool is_too_late(const struct stream *stream)
{
    return stream->state == STREAM_FLUSHING || stream->has_ended;
}

static void on_input(uv_stream_t *handle, ssize_t count, const uv_buf_t *buffer)
{
    struct stream *stream = handle->data;

    if (count == 0)
        return;
    if (count == UV_ENOBUFS) {
        (void)uv_read_stop(handle);
        stream->is_reading = false;
    } else if (is_too_late(stream) && (count > 0 || count == UV_EOF)) {
        return; /* for the owner */
    } else if (count == UV_EOF) {
        stream_input_ended(stream);
    } else if (count < 0) {
        stream_end(stream, STREAM_RESET, "reading failed: %s", uv_strerror((int)count));
    } else {
        deliver(stream, slice_of(buffer->base, (size_t)count));
    }
}

static void start_reading(struct stream *stream)
{
    int status = uv_read_start(&stream->uv.any, on_buffer, on_input);

    if (status < 0)
        stream_end(stream, STREAM_RESET, "reading failed: %s", uv_strerror(status));
    stream->is_reading = true;
}

struct stream *stream_new(struct loop *loop, const struct stream_ops *ops, void *owner)
{
    struct stream *stream = xalloc(sizeof *stream);

    stream->loop = loop;
    stream->ops = ops;
    stream->owner = owner;
    return stream;
}

static bool note_addresses(struct stream *stream)
{
    int size = sizeof stream->peer;

    if (stream->uv.handle.type != UV_TCP)
        return true;
    if (uv_tcp_getpeername(&stream->uv.tcp, &stream->peer.any, &size) < 0)
        return false;
    size = sizeof stream->local;
    if (uv_tcp_getsockname(&stream->uv.tcp, &stream->local.any, &size) < 0)
        return false;
    net_address_unmap(&stream->peer);
    net_address_unmap(&stream->local);
    return true;
}

void stream_opened(struct stream *stream)
{
    stream->state = STREAM_OPEN;
    if (!note_addresses(stream))
        stream_end(stream, STREAM_RESET, "the connection was reset at once");
    else if (!stream->is_paused)
        start_reading(stream);
}

struct stream *stream_accept(struct loop *loop, uv_stream_t *from)
{
    struct stream *stream = stream_new(loop, NULL, NULL);

    (void)uv_tcp_init(&loop->uv, &stream->uv.tcp);
    stream->uv.handle.data = stream;
    (void)uv_tcp_nodelay(&stream->uv.tcp, 1);
    int status = uv_accept(from, &stream->uv.any);
    if (status < 0)
        stream_end(stream, STREAM_RESET, "accepting failed: %s", uv_strerror(status));
    else
        stream_opened(stream);
    return stream->state == STREAM_OPEN ? stream : NULL;
}

void stream_set_owner(struct stream *stream, const struct stream_ops *ops, void *owner)
{
    stream->ops = ops;
    stream->owner = owner;
}

void stream_pause(struct stream *stream)
{
    /* libuv goes on polling: only input that really comes is worth the system calls. */
    stream->is_paused = true;
}

void stream_resume(struct stream *stream)
{
    stream->is_paused = false;
    if (stream->state == STREAM_OPEN && !stream->is_reading)
        start_reading(stream);
}

/* Closing a socket with unread input makes the kernel send RST and forget what it has yet to send:
 * our last words. */
static void discard_input(struct stream *stream)
{
    uv_os_fd_t fd;

    if (uv_fileno(&stream->uv.handle, &fd) < 0)
        return;
    for (int i = 0; i < DISCARD_READS; i++)
        if (recv(fd, NULL, LOOP_READ_BYTES, MSG_DONTWAIT | MSG_TRUNC) <= 0) /* tcp(7) */
            return;
}

static void on_flush_timeout(void *owner)
{
    stream_end(owner, STREAM_LOCAL, "closed by this side");
}

void stream_flush_and_end(struct stream *stream, enum stream_close reason, const char *detail)
{
    set_reason(stream, reason, detail);
    if (stream_pending(stream) == 0 || stream->state == STREAM_CONNECTING) {
        discard_input(stream);
        stream_end(stream, reason, "%s", detail);
        return;
    }
    stream->state = STREAM_FLUSHING;
    stream_clear_deadline(stream);
    stream->deadline = loop_timer_new(stream->loop, on_flush_timeout, stream);
    loop_timer_start(stream->deadline, FLUSH_TIMEOUT_MS);
    stream->is_paused = false;
    if (!stream->is_reading)
        start_reading(stream); /* a peer that is stuck in writing would not read, either */
}

void stream_close(struct stream *stream)
{
    if (stream->state >= STREAM_FLUSHING)
        return;
    set_reason(stream, STREAM_LOCAL, "closed by this side");
    if (stream->tls)
        stream_tls_finish(stream);
    if (stream->state != STREAM_ENDED)
        stream_flush_and_end(stream, STREAM_LOCAL, "closed by this side");
}

void stream_abort(struct stream *stream)
{
    stream_end(stream, STREAM_LOCAL, "closed at once by this side");
}

const struct net_address *stream_peer(const struct stream *stream)
{
    return &stream->peer;
}

const struct net_address *stream_local(const struct stream *stream)
{
    return &stream->local;
}
