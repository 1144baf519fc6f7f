/* SPDX-License-Identifier: Apache-2.0
 * The way through the proxy of a source pool: finds and reaches the proxy, tells it where to
 * connect, and hands over a stream whose other end is the host. What is said on it is
 * connection.c's. */
#pragma once

#include "net/stream.h"
#include "profile/source_pools.h"
#include "proxy/socks5.h"
#include "sender/proxy_names.h"

struct tunnel;

struct tunnel_plan {
    const struct source_proxy *proxy; /* copied */
    struct net_address host;          /* where it leads */
    struct net_address source;        /* SOURCE_PROXY_HAPROXY: of the host's family */
    uint64_t timeout_ms;              /* for all of it */
};

/* One of them, once, never from inside tunnel_open, unless cancelled. The tunnel is gone then. */
struct tunnel_ops {
    /* local: our end as the host sees it; of family AF_UNSPEC: not known. The stream is the
     * owner's, who sets its ops before this returns. */
    void (*on_open)(void *owner, struct stream *stream, const struct net_address *local);
    /* detail: a sentence that names the proxy. */
    void (*on_failed)(void *owner, enum proxy_fault fault, const char *detail);
};

/* names outlives it. */
struct tunnel *tunnel_open(struct loop *loop, struct proxy_names *names,
                           const struct tunnel_plan *plan, const struct tunnel_ops *ops,
                           void *owner);
/* What a login will read; ret_password stays empty where there is none. It is a secret: buf_wipe.
 */
MUST_CHECK int tunnel_read_password(const struct source_proxy *proxy, struct buf *ret_password,
                                    struct err *err);
/* Nobody is called any more. NULL accepted, NULL set. */
void tunnel_cancel(struct tunnel **tunnel);
