/* SPDX-License-Identifier: Apache-2.0
 * A small HTTP server on a loop (libmicrohttpd in external epoll mode: its own threads would answer
 * "healthy" while the loop is wedged). GET and HEAD of fixed pages, nothing else; no TLS. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/net_address.h"
#include "net/loop.h"

struct ops;

struct ops_pages {
    /* Writes the page into out and returns its HTTP status; 404 for an unknown path. */
    unsigned (*on_page)(void *owner, const char *path, struct buf *out);
    void *owner;
};

/* ERR_INVALID names the address when it cannot be taken. Port 0 takes a free one. */
MUST_CHECK int ops_new(struct loop *loop, const struct net_address *at,
                       const struct ops_pages *pages, struct ops **ret_ops, struct err *err);
const struct net_address *ops_address(const struct ops *ops);
/* NULL accepted, NULL set. */
void ops_free(struct ops **ops);
