/* SPDX-License-Identifier: Apache-2.0
 * A listening TCP socket. */
#include "net/listen.h"

#include "base/xalloc.h"
#include "net/loop_internal.h"
#include "net/stream_internal.h"

#define BACKLOG 4096

struct listener {
    uv_tcp_t tcp;
    struct loop *loop;
    const struct listener_ops *ops;
    void *owner;
    struct net_address address;
};

static void on_connection(uv_stream_t *tcp, int status)
{
    struct listener *listener = tcp->data;

    if (status < 0)
        return; /* out of descriptors or reset in the backlog: libuv goes on listening */
    struct stream *stream = stream_accept(listener->loop, (uv_stream_t *)&listener->tcp);
    if (stream)
        listener->ops->on_accept(listener->owner, stream);
}

static void on_handle_closed(uv_handle_t *handle)
{
    xfree(handle->data);
}

static struct listener *listener_alloc(struct loop *loop, const struct listener_ops *ops,
                                       void *owner)
{
    struct listener *listener = xalloc(sizeof *listener);

    listener->loop = loop;
    listener->ops = ops;
    listener->owner = owner;
    (void)uv_tcp_init(&loop->uv, &listener->tcp);
    listener->tcp.data = listener;
    return listener;
}

static int listen_at(struct listener *listener, const struct net_address *at)
{
    int size = sizeof listener->address;
    int status = uv_tcp_bind(&listener->tcp, &at->any, 0);

    if (status == 0)
        status = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    if (status == 0)
        status = uv_tcp_getsockname(&listener->tcp, &listener->address.any, &size);
    return status;
}

int listener_new(struct loop *loop, const struct net_address *at, const struct listener_ops *ops,
                 void *owner, struct listener **ret_listener, struct err *err)
{
    struct listener *listener = listener_alloc(loop, ops, owner);
    char text[NET_ADDRESS_TEXT];
    int status = listen_at(listener, at);

    if (status < 0) {
        listener_free(&listener);
        return err_set(err, ERR_INVALID, "cannot listen on %s: %s", net_address_text(at, text),
                       status == UV_EADDRINUSE ? "port taken" : uv_strerror(status));
    }
    *ret_listener = listener;
    return 0;
}

const struct net_address *listener_address(const struct listener *listener)
{
    return &listener->address;
}

void listener_free(struct listener **listener)
{
    struct listener *l = *listener;

    if (!l)
        return;
    uv_close((uv_handle_t *)&l->tcp, on_handle_closed);
    *listener = NULL;
}
