/* SPDX-License-Identifier: Apache-2.0
 * A listening TCP socket. SO_REUSEADDR, backlog 4096. */
#pragma once

#include "base/err.h"
#include "net/stream.h"

struct listener;

struct listener_ops {
    /* A new connection. The receiver must call stream_set_owner (or stream_abort) before it
     * returns; reading begins at the end of the loop turn. */
    void (*on_accept)(void *owner, struct stream *stream);
};

/* ERR_INVALID with the address and the reason when it cannot be bound ("port taken"). Port 0 takes
 * a free one: see listener_address. */
MUST_CHECK int listener_new(struct loop *loop, const struct net_address *at,
                            const struct listener_ops *ops, void *owner,
                            struct listener **ret_listener, struct err *err);
const struct net_address *listener_address(const struct listener *listener);
void listener_free(struct listener **listener);
