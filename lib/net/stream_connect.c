/* SPDX-License-Identifier: Apache-2.0
 * Outgoing connections. A failure that the kernel reports at once still arrives by on_closed. */
#include <sys/un.h>
#include <unistd.h>

#include "net/loop_internal.h"
#include "net/stream_internal.h"

static void on_connect(uv_connect_t *request, int status)
{
    struct stream *stream = request->handle->data;

    if (stream->state != STREAM_CONNECTING)
        return; /* ended by the deadline or the owner meanwhile */
    stream_clear_deadline(stream);
    if (status < 0) {
        stream_end(stream, STREAM_REFUSED, "connecting failed: %s", uv_strerror(status));
        return;
    }
    stream_opened(stream);
    if (stream->state == STREAM_OPEN)
        stream_send(stream, NULL, 0); /* what was written too early */
    if (stream->state == STREAM_OPEN)
        stream->ops->on_connected(stream->owner);
}

struct stream *stream_connect(struct loop *loop, const struct net_address *to,
                              const struct net_address *source, uint64_t timeout_ms,
                              const struct stream_ops *ops, void *owner)
{
    struct stream *stream = stream_new(loop, ops, owner);
    int status = 0;

    (void)uv_tcp_init(&loop->uv, &stream->uv.tcp);
    stream->uv.handle.data = stream;
    stream->peer = *to;
    (void)uv_tcp_nodelay(&stream->uv.tcp, 1);
    if (source)
        status = uv_tcp_bind(&stream->uv.tcp, &source->any, 0);
    if (status == 0)
        status = uv_tcp_connect(&stream->request.connect, &stream->uv.tcp, &to->any, on_connect);
    if (status < 0)
        stream_end(stream, STREAM_REFUSED, "connecting failed: %s", uv_strerror(status));
    else
        stream_set_deadline(stream, timeout_ms);
    return stream;
}

bool stream_can_come_from(const struct net_address *source)
{
    int fd = socket(source->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, &source->any, net_address_size(source)) == 0;

    if (fd >= 0)
        (void)close(fd);
    return is_bound;
}

struct stream *stream_connect_unix(struct loop *loop, const char *path, uint64_t timeout_ms,
                                   const struct stream_ops *ops, void *owner)
{
    struct stream *stream = stream_new(loop, ops, owner);
    struct sockaddr_un limit;

    (void)uv_pipe_init(&loop->uv, &stream->uv.pipe, 0);
    stream->uv.handle.data = stream;
    if (strlen(path) >= sizeof limit.sun_path) { /* libuv would cut it */
        stream_end(stream, STREAM_REFUSED, "connecting failed: the path is too long: %s", path);
        return stream;
    }
    uv_pipe_connect(&stream->request.connect, &stream->uv.pipe, path, on_connect);
    stream_set_deadline(stream, timeout_ms);
    return stream;
}
