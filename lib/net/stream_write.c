/* SPDX-License-Identifier: Apache-2.0
 * Writes: to the socket at once, and only what it does not take is copied and left to libuv. */
#include "net/loop_internal.h"
#include "net/stream_internal.h"

#define PARTS_AT_ONCE 16

/* Not while something is being sent. */
static void send_pending(struct stream *stream, uv_write_cb on_written)
{
    stream->sending = stream->pending;
    stream->pending = (struct buf){0};
    uv_buf_t buffer = {.base = stream->sending.at, .len = stream->sending.len};
    int status = uv_write(&stream->request.write, &stream->uv.any, &buffer, 1, on_written);
    if (status < 0)
        stream_end(stream, STREAM_RESET, "writing failed: %s", uv_strerror(status));
}

static void on_written(uv_write_t *request, int status)
{
    struct stream *stream = request->handle->data;

    if (stream->state == STREAM_ENDED)
        return;
    buf_free(&stream->sending);
    if (status < 0)
        stream_end(stream, STREAM_RESET, "writing failed: %s", uv_strerror(status));
    else if (stream->pending.len > 0)
        send_pending(stream, request->cb);
    else if (stream->state == STREAM_FLUSHING)
        stream_flush_and_end(stream, stream->reason, "everything was sent");
    else if (stream->ops && stream->ops->on_drained)
        stream->ops->on_drained(stream->owner);
}

/* Up to PARTS_AT_ONCE parts; returns the bytes that the socket took, all or fewer. */
static size_t try_parts(struct stream *stream, const struct slice *parts, size_t count)
{
    uv_buf_t buffers[PARTS_AT_ONCE];
    unsigned used = 0;

    for (size_t i = 0; i < count; i++) {
        if (parts[i].len == 0)
            continue;
        /* libuv only reads them: a const_cast */
        memcpy(&buffers[used].base, &parts[i].at, sizeof parts[i].at);
        buffers[used++].len = parts[i].len;
    }
    int taken = used > 0 ? uv_try_write(&stream->uv.any, buffers, used) : 0;
    if (taken < 0 && taken != UV_EAGAIN)
        stream_end(stream, STREAM_RESET, "writing failed: %s", uv_strerror(taken));
    return taken > 0 ? (size_t)taken : 0;
}

static size_t try_all(struct stream *stream, const struct slice *parts, size_t count)
{
    size_t taken = 0, wanted = 0;

    for (size_t from = 0; from < count && taken == wanted; from += PARTS_AT_ONCE) {
        size_t now = count - from < PARTS_AT_ONCE ? count - from : PARTS_AT_ONCE;
        for (size_t i = 0; i < now; i++)
            wanted += parts[from + i].len;
        taken += try_parts(stream, parts + from, now);
    }
    return taken;
}

void stream_send(struct stream *stream, const struct slice *parts, size_t count)
{
    bool is_idle = stream->state == STREAM_OPEN && stream_pending(stream) == 0;
    size_t taken = is_idle ? try_all(stream, parts, count) : 0;

    if (stream->state == STREAM_ENDED)
        return;
    for (size_t i = 0; i < count; i++) {
        size_t skipped = taken < parts[i].len ? taken : parts[i].len;
        buf_add(&stream->pending, slice_skip(parts[i], skipped));
        taken -= skipped;
    }
    if (stream->pending.len > 0 && stream->sending.len == 0 && stream->state == STREAM_OPEN)
        send_pending(stream, on_written);
}

void stream_writev(struct stream *stream, const struct slice *parts, size_t count)
{
    if (stream->state > STREAM_OPEN)
        return;
    if (stream->tls)
        stream_tls_write(stream, parts, count);
    else
        stream_send(stream, parts, count);
}

void stream_write(struct stream *stream, struct slice bytes)
{
    stream_writev(stream, &bytes, 1);
}

size_t stream_pending(const struct stream *stream)
{
    return uv_stream_get_write_queue_size(&stream->uv.any) + stream->pending.len;
}
