/* SPDX-License-Identifier: Apache-2.0
 * Addresses of the proxies that settings name: each name is looked up once at a time, however many
 * connections wait for it, and again when it was found some seconds ago. Of several addresses
 * another one comes first each time. */
#pragma once

#include "net/lookup.h"

struct proxy_names;

struct proxy_names *proxy_names_new(struct loop *loop);
/* Nobody waits any more. NULL accepted, NULL set. */
void proxy_names_free(struct proxy_names **names);

/* Embedded, zero-initialised but for the first two. */
struct proxy_wait {
    void *owner;
    /* Once, never from inside proxy_names_find, unless cancelled. Up to NET_LOOKUP_MAX, valid
     * during the call; count 0: why is a sentence. */
    void (*on_found)(void *owner, const struct net_address *found, size_t count, const char *why);
    /* of proxy_names.c */
    struct proxy_name *name; /* NULL: it waits for nothing */
    struct list_node node;
};

/* An IP address is one of itself. */
void proxy_names_find(struct proxy_names *names, struct slice host, uint16_t port,
                      struct proxy_wait *wait);
void proxy_wait_cancel(struct proxy_wait *wait);
