/* SPDX-License-Identifier: Apache-2.0
 * Name, TCP to one of its addresses, then what the proxy's protocol asks for. Whatever ends it
 * early notes whose fault it is and aborts; the owner is told when the stream is gone. */
#include "sender/tunnel.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/net_host.h"
#include "base/xalloc.h"
#include "proxy/header.h"

struct tunnel {
    struct loop *loop;
    const struct tunnel_ops *ops;
    void *owner;
    struct arena *arena; /* of the copy of the settings */
    struct source_proxy proxy;
    struct net_address host, source;
    uint64_t timeout_ms;
    struct proxy_wait wait;
    struct net_address found[NET_LOOKUP_MAX]; /* of the proxy */
    size_t count, tried;
    const struct stream_ops *stream_ops; /* ours */
    struct stream *stream;               /* NULL: not yet */
    bool is_connected;
    struct loop_timer *deadline;
    struct loop_later end; /* there is no stream whose end could be waited for */
    struct proxy_socks5 socks5;
    struct buf password;
    enum proxy_fault fault;
    struct buf why; /* half a sentence, about the proxy */
};

static void tunnel_free(struct tunnel *tunnel)
{
    proxy_wait_cancel(&tunnel->wait);
    loop_timer_free(&tunnel->deadline);
    loop_later_cancel(tunnel->loop, &tunnel->end);
    buf_wipe(&tunnel->password);
    buf_free(&tunnel->why);
    arena_free(&tunnel->arena);
    xfree(tunnel);
}

static void report(struct tunnel *tunnel)
{
    struct buf detail = {0};

    buf_addf(&detail, "proxy %s: %s", tunnel->proxy.address, buf_str(&tunnel->why));
    tunnel->ops->on_failed(tunnel->owner, tunnel->fault, buf_str(&detail));
    buf_free(&detail);
    tunnel_free(tunnel);
}

static void on_end(void *owner)
{
    report(owner);
}

/* The first reason counts. */
static void note(struct tunnel *tunnel, enum proxy_fault fault, const char *why)
{
    if (tunnel->fault != PROXY_FAULT_NONE)
        return;
    tunnel->fault = fault;
    buf_add_str(&tunnel->why, why);
}

static void fail(struct tunnel *tunnel, enum proxy_fault fault, const char *why)
{
    note(tunnel, fault, why);
    proxy_wait_cancel(&tunnel->wait);
    if (tunnel->stream)
        stream_abort(tunnel->stream);
    else
        loop_later(tunnel->loop, &tunnel->end, on_end, tunnel);
}

static void hand_over(struct tunnel *tunnel, const struct net_address *local)
{
    struct stream *stream = tunnel->stream;

    tunnel->ops->on_open(tunnel->owner, stream, local);
    tunnel_free(tunnel);
}

/* ---- what each kind of proxy is told ---- */

static void say(struct tunnel *tunnel, struct buf *out)
{
    if (out->len > 0)
        stream_write(tunnel->stream, buf_slice(out));
    buf_wipe(out);
}

static void tell_header(struct tunnel *tunnel)
{
    struct buf out = {0};

    proxy_header_add(&out, &tunnel->source, &tunnel->host);
    say(tunnel, &out);
    hand_over(tunnel, &tunnel->source);
}

static void begin_socks5(struct tunnel *tunnel)
{
    struct buf out = {0};

    tunnel->socks5 = (struct proxy_socks5){.target = tunnel->host,
                                           .username = slice_str(tunnel->proxy.username),
                                           .password = buf_slice(&tunnel->password)};
    proxy_socks5_start(&tunnel->socks5, &out);
    say(tunnel, &out);
}

static void on_connected(void *owner)
{
    struct tunnel *tunnel = owner;

    if (tunnel->fault != PROXY_FAULT_NONE)
        return;
    tunnel->is_connected = true;
    if (tunnel->proxy.kind == SOURCE_PROXY_HAPROXY)
        tell_header(tunnel);
    else
        begin_socks5(tunnel);
}

static void on_read(void *owner, struct slice bytes)
{
    struct tunnel *tunnel = owner;
    struct buf out = {0};
    enum parse state;

    if (tunnel->fault != PROXY_FAULT_NONE)
        return;
    state = proxy_socks5_feed(&tunnel->socks5, &bytes, &out);
    say(tunnel, &out);
    if (state == PARSE_BAD) {
        fail(tunnel, tunnel->socks5.fault, tunnel->socks5.why);
    } else if (state == PARSE_DONE) {
        stream_unread(tunnel->stream, bytes);
        hand_over(tunnel, &tunnel->socks5.bound);
    }
}

static void on_secured(void *owner)
{
    (void)owner;
}

static void connect_next(struct tunnel *tunnel)
{
    tunnel->stream = stream_connect(tunnel->loop, &tunnel->found[tunnel->tried++], NULL,
                                    tunnel->timeout_ms, tunnel->stream_ops, tunnel);
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct tunnel *tunnel = owner;
    bool may_go_on = tunnel->fault == PROXY_FAULT_NONE && !tunnel->is_connected;

    (void)reason;
    tunnel->stream = NULL;
    if (may_go_on && tunnel->tried < tunnel->count) {
        connect_next(tunnel);
        return;
    }
    note(tunnel, PROXY_FAULT_ITSELF, detail);
    report(tunnel);
}

static const struct stream_ops STREAM_OPS = {
    .on_connected = on_connected,
    .on_secured = on_secured,
    .on_read = on_read,
    .on_closed = on_closed,
};

/* ---- the way to the proxy ---- */

static void on_found(void *owner, const struct net_address *found, size_t count, const char *why)
{
    struct tunnel *tunnel = owner;

    memcpy(tunnel->found, found, count * sizeof *found);
    tunnel->count = count;
    if (count > 0)
        connect_next(tunnel);
    else
        fail(tunnel, PROXY_FAULT_ITSELF, why);
}

/* Once it was asked to connect, it is the host that does not answer. */
static void on_deadline(void *owner)
{
    struct tunnel *tunnel = owner;

    if (tunnel->socks5.stage == PROXY_SOCKS5_CONNECT)
        fail(tunnel, PROXY_FAULT_HOST, "the host did not answer in time");
    else
        fail(tunnel, PROXY_FAULT_ITSELF, "it did not answer in time");
}

int tunnel_read_password(const struct source_proxy *proxy, struct buf *ret_password,
                         struct err *err)
{
    if (!*proxy->password_file)
        return 0;
    if (file_read_secret(proxy->password_file, ret_password, err) != 0)
        return -1;
    if (ret_password->len <= PROXY_LOGIN_MAX)
        return 0;
    buf_wipe(ret_password);
    return err_set(err, ERR_INVALID, "the password in %s has more than %d octets",
                   proxy->password_file, PROXY_LOGIN_MAX);
}

static void find_proxy(struct tunnel *tunnel, struct proxy_names *names)
{
    struct slice host = SLICE_NONE;
    uint16_t port = 0;
    struct err err;

    if (tunnel_read_password(&tunnel->proxy, &tunnel->password, &err) != 0) {
        fail(tunnel, PROXY_FAULT_ITSELF, err.text);
        return;
    }
    ASSERT(net_host_split(slice_str(tunnel->proxy.address), &host, &port, &err) == 0);
    tunnel->wait = (struct proxy_wait){.owner = tunnel, .on_found = on_found};
    proxy_names_find(names, host, port, &tunnel->wait);
}

struct tunnel *tunnel_open(struct loop *loop, struct proxy_names *names,
                           const struct tunnel_plan *plan, const struct tunnel_ops *ops,
                           void *owner)
{
    struct tunnel *tunnel = xalloc(sizeof *tunnel);

    tunnel->loop = loop;
    tunnel->ops = ops;
    tunnel->owner = owner;
    tunnel->stream_ops = &STREAM_OPS;
    tunnel->arena = arena_new(512);
    tunnel->proxy = source_proxy_copy(plan->proxy, tunnel->arena);
    tunnel->host = plan->host;
    tunnel->source = plan->source;
    tunnel->timeout_ms = plan->timeout_ms;
    tunnel->deadline = loop_timer_new(loop, on_deadline, tunnel);
    loop_timer_start(tunnel->deadline, plan->timeout_ms);
    find_proxy(tunnel, names);
    return tunnel;
}

void tunnel_cancel(struct tunnel **tunnel)
{
    struct stream *stream;

    if (!*tunnel)
        return;
    stream = (*tunnel)->stream;
    if (stream) {
        stream_set_owner(stream, NULL, NULL);
        stream_abort(stream);
    }
    tunnel_free(*tunnel);
    *tunnel = NULL;
}
