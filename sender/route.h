/* SPDX-License-Identifier: Apache-2.0
 * From a destination to hosts and addresses (RFC 5321 5.1, 7505; rules C1..C5 of docs/smtp.md):
 * static routes first, else MX records by preference, else the domain itself. Addresses are looked
 * up host by host, only when a host's turn comes. Caching is libunbound's. Connects to nothing. */
#pragma once

#include "base/arena.h"
#include "dns/resolver.h"
#include "sender/settings.h"

struct router;

enum route_status {
    ROUTE_FOUND,
    ROUTE_NO_DOMAIN, /* NXDOMAIN */
    ROUTE_NULL_MX,   /* the domain takes no mail */
    ROUTE_NO_HOST,   /* nothing usable: no addresses, or private ones only */
    ROUTE_LOOP,      /* we are the best MX ourselves */
    ROUTE_TEMPORARY, /* DNS did not answer, or with a bogus answer */
};

struct route_host {
    struct slice name; /* as in DNS or the settings; of a literal: the address */
    uint16_t port, preference;
    bool is_trusted;  /* named in the settings: may be a private address */
    bool has_address; /* no lookup needed */
    struct net_address address;
};

struct route_hosts { /* in the order to try */
    const struct route_host *hosts;
    size_t count;
};

struct route_addresses {
    const struct net_address *addresses; /* with the host's port */
    size_t count;
};

/* Embedded in the caller's object, zero-initialised but for owner and callbacks. One question at a
 * time; alive until its callback or route_cancel. Callbacks never fire from inside the question.
 * detail: a sentence, never NULL. All slices live in the arena given, or in the settings. */
struct route_query {
    void *owner;
    void (*on_hosts)(void *owner, enum route_status status, const struct route_hosts *hosts,
                     const char *detail);
    void (*on_addresses)(void *owner, enum route_status status,
                         const struct route_addresses *addresses, const char *detail);
    /* the router's */
    struct router *router;
    struct arena *arena;
    struct slice name;
    const struct route_host *host;
    struct dns_lookup lookup;
    struct loop_later later;
};

struct router_settings {
    const char *hostname; /* our own, for loop detection */
    uint16_t port;        /* of MX hosts, and of routes that name none */
    bool allow_private;
};

/* conf holds the routes and outlives the router, like the resolver. */
struct router *router_new(struct loop *loop, struct resolver *resolver,
                          const struct router_settings *settings, const struct conf *conf);
/* No query is under way. NULL accepted, NULL set. */
void router_free(struct router **router);

/* destination: a domain in lower case, or an address literal with its brackets. */
void route_find(struct router *router, struct arena *arena, struct slice destination,
                struct route_query *query);
/* One host of the settings' choice, at a port: no MX records, and its address may be private. */
void route_find_host(struct router *router, struct arena *arena, struct slice host, uint16_t port,
                     struct route_query *query);
void route_find_addresses(struct router *router, struct arena *arena, const struct route_host *host,
                          struct route_query *query);
void route_cancel(struct route_query *query);
/* In a callback: DNS was asked for this answer. */
bool route_used_dns(const struct route_query *query);
