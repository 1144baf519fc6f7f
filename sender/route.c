/* SPDX-License-Identifier: Apache-2.0
 * Static routes, MX selection, address filtering. */
#include "sender/route.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "mail/address.h"
#include "net/crypto.h"

struct static_route {
    struct map_node node; /* in router.routes, by domain */
    struct route_host *hosts;
    size_t count;
};

struct router {
    struct loop *loop;
    struct resolver *resolver;
    struct router_settings settings;
    struct map routes;
    struct arena *arena; /* of the static routes */
    uint64_t random;     /* state of the shuffle; not a secret */
};

static struct route_host trusted_host(struct slice name, uint16_t port)
{
    struct route_host host = {.name = name, .port = port, .is_trusted = true};
    struct err not_an_ip;

    host.has_address = net_address_parse(name, port, &host.address, &not_an_ip) == 0;
    return host;
}

static struct route_host host_from_settings(struct slice text, uint16_t default_port)
{
    struct slice name = SLICE_NONE;
    uint16_t port = default_port;

    ASSERT(route_host_split(text, &name, &port)); /* the settings table checked it */
    return trusted_host(name, port);
}

static void add_static_route(struct router *router, const struct sender_route *setting)
{
    struct static_route *route = arena_alloc(router->arena, sizeof *route);
    struct slice domain = slice_str(setting->domain);

    if (map_get(&router->routes, domain))
        return; /* the first one of a domain counts */
    while (setting->hosts[route->count])
        route->count++;
    route->hosts = arena_alloc(router->arena, route->count * sizeof *route->hosts);
    for (size_t i = 0; i < route->count; i++) {
        route->hosts[i] = host_from_settings(slice_str(setting->hosts[i]), router->settings.port);
        route->hosts[i].preference = (uint16_t)i;
    }
    map_put(&router->routes, &route->node, domain);
}

struct router *router_new(struct loop *loop, struct resolver *resolver,
                          const struct router_settings *settings, const struct conf *conf)
{
    struct router *router = xalloc(sizeof *router);

    router->loop = loop;
    router->resolver = resolver;
    router->settings = *settings;
    router->arena = arena_new(1024);
    crypto_random(&router->random, sizeof router->random);
    for (size_t i = 0; i < conf_count(conf, &ROUTES_SECTION); i++)
        add_static_route(router, conf_element(conf, &ROUTES_SECTION, i));
    return router;
}

void router_free(struct router **router)
{
    if (!*router)
        return;
    map_free(&(*router)->routes);
    arena_free(&(*router)->arena);
    xfree(*router);
    *router = NULL;
}

static const struct static_route *static_route_of(const struct router *router, struct slice domain)
{
    struct map_node *node = map_get(&router->routes, domain);

    if (!node)
        node = map_get(&router->routes, SLICE("*"));
    return node ? MAP_OWNER(node, struct static_route, node) : NULL;
}

/* splitmix64: spreading load over equal hosts needs no better. */
static uint64_t next_random(struct router *router)
{
    uint64_t z = router->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* C3: by preference, equals in random order. */
static void order_hosts(struct router *router, struct route_host *hosts, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)(next_random(router) % i);
        struct route_host other = hosts[i - 1];
        hosts[i - 1] = hosts[j];
        hosts[j] = other;
    }
    for (size_t i = 1; i < count; i++) {
        struct route_host host = hosts[i];
        size_t j = i;
        for (; j > 0 && hosts[j - 1].preference > host.preference; j--)
            hosts[j] = hosts[j - 1];
        hosts[j] = host;
    }
}

/* C4: we ourselves and everything not better than us go. */
static size_t drop_ourselves(const struct router *router, const struct route_host *hosts,
                             size_t count)
{
    uint32_t bound = UINT32_MAX;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (slice_eq_nocase(hosts[i].name, slice_str(router->settings.hostname)) &&
            hosts[i].preference < bound)
            bound = hosts[i].preference;
    while (kept < count && hosts[kept].preference < bound)
        kept++;
    return kept;
}

static size_t hosts_from_mx(const struct route_query *query, const struct dns_answer *answer,
                            struct route_host *hosts)
{
    size_t count = 0;

    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_mx *mx = &answer->mx[i];
        if (!mail_domain_is_valid(mx->host))
            continue;
        hosts[count++] = (struct route_host){.name = arena_copy(query->arena, mx->host),
                                             .port = query->router->settings.port,
                                             .preference = mx->preference};
    }
    return count;
}

static void answer_hosts(struct route_query *query, enum route_status status,
                         const struct route_hosts *hosts, const char *detail)
{
    query->on_hosts(query->owner, status, hosts, detail);
}

static void answer_from_mx(struct route_query *query, const struct dns_answer *answer)
{
    static const struct route_hosts none = {NULL, 0};
    struct route_host *hosts = arena_alloc(query->arena, (answer->count + 1) * sizeof *hosts);
    size_t count;

    if (answer->count == 1 && answer->mx[0].host.len == 0) {
        answer_hosts(query, ROUTE_NULL_MX, &none, "the domain accepts no mail (null MX)");
        return;
    }
    count = hosts_from_mx(query, answer, hosts);
    if (count == 0) { /* MX present but unusable: never fall back to A (C1) */
        answer_hosts(query, ROUTE_NO_HOST, &none, "no MX record names a usable host");
        return;
    }
    order_hosts(query->router, hosts, count);
    count = drop_ourselves(query->router, hosts, count);
    if (count == 0)
        answer_hosts(query, ROUTE_LOOP, &none, "this relay is the domain's best mail host");
    else
        answer_hosts(query, ROUTE_FOUND, &(struct route_hosts){hosts, count}, "");
}

/* No MX: the domain itself is the host, with preference 0. */
static void answer_implicit(struct route_query *query)
{
    static const struct route_hosts none = {NULL, 0};
    struct route_host *host = arena_alloc(query->arena, sizeof *host);

    *host = (struct route_host){.name = query->name, .port = query->router->settings.port};
    if (slice_eq_nocase(query->name, slice_str(query->router->settings.hostname)))
        answer_hosts(query, ROUTE_LOOP, &none, "this relay is the domain's own host");
    else
        answer_hosts(query, ROUTE_FOUND, &(struct route_hosts){host, 1}, "");
}

static void on_mx(void *owner, const struct dns_answer *answer)
{
    static const struct route_hosts none = {NULL, 0};
    struct route_query *query = owner;

    switch (answer->status) {
    case DNS_FOUND:
        answer_from_mx(query, answer);
        break;
    case DNS_NODATA:
        answer_implicit(query);
        break;
    case DNS_NXDOMAIN:
        answer_hosts(query, ROUTE_NO_DOMAIN, &none, answer->detail);
        break;
    case DNS_TEMPORARY:
    case DNS_BOGUS:
        answer_hosts(query, ROUTE_TEMPORARY, &none, answer->detail);
        break;
    }
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
static void answer_literal(struct route_query *query)
{
    static const struct route_hosts none = {NULL, 0};
    struct slice ip = slice_sub(query->name, 1, query->name.len - 1);
    struct route_host *host = arena_alloc(query->arena, sizeof *host);
    struct err err;

    if (slice_starts_nocase(ip, SLICE("IPv6:")))
        ip = slice_skip(ip, 5);
    *host =
        (struct route_host){.name = ip, .port = query->router->settings.port, .has_address = true};
    if (net_address_parse(ip, host->port, &host->address, &err) < 0)
        answer_hosts(query, ROUTE_NO_HOST, &none, "the address literal is not well-formed");
    else
        answer_hosts(query, ROUTE_FOUND, &(struct route_hosts){host, 1}, "");
}

static void answer_static(void *owner)
{
    struct route_query *query = owner;
    const struct static_route *route = static_route_of(query->router, query->name);

    if (route)
        answer_hosts(query, ROUTE_FOUND, &(struct route_hosts){route->hosts, route->count}, "");
    else
        answer_literal(query);
}

static bool is_literal(struct slice destination)
{
    return destination.len > 2 && destination.at[0] == '[' &&
           destination.at[destination.len - 1] == ']';
}

void route_find(struct router *router, struct arena *arena, struct slice destination,
                struct route_query *query)
{
    query->router = router;
    query->arena = arena;
    query->name = destination;
    query->lookup = (struct dns_lookup){0};
    if (static_route_of(router, destination) || is_literal(destination)) {
        loop_later(router->loop, &query->later, answer_static, query);
        return;
    }
    query->lookup = (struct dns_lookup){.on_answer = on_mx, .owner = query};
    dns_find_mx(router->resolver, destination, &query->lookup);
}

static void answer_host(void *owner)
{
    struct route_query *query = owner;

    answer_hosts(query, ROUTE_FOUND, &(struct route_hosts){query->host, 1}, "");
}

void route_find_host(struct router *router, struct arena *arena, struct slice host, uint16_t port,
                     struct route_query *query)
{
    struct route_host *only = arena_alloc(arena, sizeof *only);

    *only = trusted_host(host, port);
    query->router = router;
    query->arena = arena;
    query->host = only;
    query->lookup = (struct dns_lookup){0};
    loop_later(router->loop, &query->later, answer_host, query);
}

static void answer_filtered(struct route_query *query, const struct net_address *found,
                            size_t count)
{
    struct net_address *addresses = arena_alloc(query->arena, (count + 1) * sizeof *addresses);
    bool allow_private = query->host->is_trusted || query->router->settings.allow_private;
    struct route_addresses answer = {addresses, 0};

    for (size_t i = 0; i < count; i++) {
        if (!allow_private && net_address_is_private(&found[i]))
            continue;
        addresses[answer.count] = found[i];
        net_address_set_port(&addresses[answer.count++], query->host->port);
    }
    if (answer.count)
        query->on_addresses(query->owner, ROUTE_FOUND, &answer, "");
    else
        query->on_addresses(query->owner, ROUTE_NO_HOST, &answer,
                            "the host has private or loopback addresses only");
}

static void on_host_addresses(void *owner, const struct dns_answer *answer)
{
    static const struct route_addresses none = {NULL, 0};
    struct route_query *query = owner;

    switch (answer->status) {
    case DNS_FOUND:
        answer_filtered(query, answer->addresses, answer->count);
        break;
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        query->on_addresses(query->owner, ROUTE_NO_HOST, &none, answer->detail);
        break;
    case DNS_TEMPORARY:
    case DNS_BOGUS:
        query->on_addresses(query->owner, ROUTE_TEMPORARY, &none, answer->detail);
        break;
    }
}

static void answer_known_address(void *owner)
{
    struct route_query *query = owner;

    answer_filtered(query, &query->host->address, 1);
}

void route_find_addresses(struct router *router, struct arena *arena, const struct route_host *host,
                          struct route_query *query)
{
    query->router = router;
    query->arena = arena;
    query->host = host;
    query->lookup = (struct dns_lookup){0};
    if (host->has_address) {
        loop_later(router->loop, &query->later, answer_known_address, query);
        return;
    }
    query->lookup = (struct dns_lookup){.on_answer = on_host_addresses, .owner = query};
    dns_find_addresses(router->resolver, host->name, &query->lookup);
}

void route_cancel(struct route_query *query)
{
    if (!query->router)
        return;
    loop_later_cancel(query->router->loop, &query->later);
    if (query->lookup.on_answer)
        dns_cancel(query->router->resolver, &query->lookup);
}

bool route_used_dns(const struct route_query *query)
{
    return query->lookup.on_answer != NULL;
}
