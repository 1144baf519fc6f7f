/* SPDX-License-Identifier: Apache-2.0
 * The settings table of source pools, and whose turn it is. */
#include "profile/source_pools.h"

#include "base/assert.h"
#include "base/net_host.h"
#include "mail/address.h"
#include "profile/configuration.h"

struct pool_values {
    const char *name;
    const char *const *addresses;
    const char *ehlo;
    int64_t proxy; /* enum source_proxy_kind */
    const char *proxy_address, *proxy_username, *proxy_password_file;
};

static const char *const PROXIES[] = {"none", "socks5", "haproxy", NULL};

static const struct pool_values *values_at(const struct conf *conf, size_t i)
{
    return conf_element(conf, &SOURCE_POOLS_SECTION, i);
}

/* ---- the rules ---- */

static bool is_wildcard(const struct net_address *address)
{
    static const struct in6_addr ANY = IN6ADDR_ANY_INIT;

    return address->any.sa_family == AF_INET
               ? address->v4.sin_addr.s_addr == INADDR_ANY
               : memcmp(&address->v6.sin6_addr, &ANY, sizeof ANY) == 0;
}

static int check_address(const char *value, struct err *err)
{
    struct net_address address;

    if (net_address_parse(slice_str(value), 0, &address, err) != 0)
        return -1;
    if (is_wildcard(&address))
        return err_set(err, ERR_INVALID, "\"%s\" is no address that mail can come from", value);
    return 0;
}

static int check_proxy_address(const char *value, struct err *err)
{
    struct slice host;
    uint16_t port;

    return *value ? net_host_split(slice_str(value), &host, &port, err) : 0;
}

static struct net_address parsed(const char *text)
{
    struct net_address address;
    struct err err;

    ASSERT(net_address_parse(slice_str(text), 0, &address, &err) == 0); /* check_address saw it */
    return address;
}

static int check_login(const struct pool_values *pool, struct err *err)
{
    if (!*pool->proxy_username != !*pool->proxy_password_file)
        return err_set(err, ERR_INVALID,
                       "proxy_username and proxy_password_file need each other; allowed: both or "
                       "none");
    if (*pool->proxy_username && pool->proxy != SOURCE_PROXY_SOCKS5)
        return err_set(err, ERR_INVALID,
                       "proxy_username is for proxy = \"socks5\"; allowed: none with \"%s\"",
                       PROXIES[pool->proxy]);
    return 0;
}

static int check_proxy(const struct pool_values *pool, struct err *err)
{
    const char *proxy = PROXIES[pool->proxy];

    if (pool->proxy == SOURCE_PROXY_NONE && *pool->proxy_address)
        return err_set(err, ERR_INVALID,
                       "proxy_address is there, but proxy is \"none\"; allowed: proxy = \"socks5\" "
                       "or \"haproxy\" with it");
    if (pool->proxy != SOURCE_PROXY_NONE && !*pool->proxy_address)
        return err_set(err, ERR_INVALID, "proxy = \"%s\" needs proxy_address, as host:port", proxy);
    if (pool->proxy == SOURCE_PROXY_SOCKS5 && *pool->addresses)
        return err_set(err, ERR_INVALID,
                       "addresses are there, but with proxy = \"socks5\" the proxy chooses them; "
                       "allowed: none");
    if (pool->proxy != SOURCE_PROXY_SOCKS5 && !*pool->addresses)
        return err_set(err, ERR_INVALID,
                       "addresses is empty; allowed with proxy = \"%s\": 1 to %d addresses", proxy,
                       SOURCE_POOL_ADDRESSES_MAX);
    return check_login(pool, err);
}

static int check_addresses(const struct pool_values *pool, struct err *err)
{
    for (const char *const *text = pool->addresses; *text; text++) {
        struct net_address address = parsed(*text);
        for (const char *const *other = pool->addresses; other < text; other++) {
            struct net_address before = parsed(*other);
            if (net_address_eq(&address, &before))
                return err_set(err, ERR_INVALID,
                               "address \"%s\" is there twice; allowed: each address once", *text);
        }
    }
    return 0;
}

static int check_pool(const void *values, struct err *err)
{
    const struct pool_values *pool = values;

    if (strcmp(pool->name, SOURCE_POOL_DEFAULT) == 0)
        return err_set(err, ERR_INVALID,
                       "name \"" SOURCE_POOL_DEFAULT "\" is that of the addresses outside of all "
                       "pools; allowed: any other name");
    if (check_proxy(pool, err) != 0)
        return -1;
    return check_addresses(pool, err);
}

static int check_pool_among(const struct conf *conf, size_t i, struct err *err)
{
    const char *name = values_at(conf, i)->name;

    if (i >= SOURCE_POOLS_MAX)
        return err_set(err, ERR_INVALID, "\"%s\" is one too many; allowed: up to %d source pools",
                       name, SOURCE_POOLS_MAX);
    for (size_t j = 0; j < i; j++)
        if (strcmp(values_at(conf, j)->name, name) == 0)
            return err_set(err, ERR_INVALID,
                           "name \"%s\" is there twice; allowed: one source pool of a name", name);
    return 0;
}

#define AT(member) .offset = CONF_AT(struct pool_values, member)
static const struct conf_setting SETTINGS[] = {
    {.name = "name",
     .type = CONF_STRING,
     AT(name),
     .min = 1,
     .max = CONFIGURATION_NAME_MAX,
     .unit = "",
     .check = configuration_name_check,
     .help = "What source_pool of a configuration says; a label of metrics."},
    {.name = "addresses",
     .type = CONF_STRINGS,
     AT(addresses),
     .fallback = "[]",
     .max = SOURCE_POOL_ADDRESSES_MAX,
     .unit = "",
     .check = check_address,
     .help = "IP addresses of senders; each sender uses those that its machine or pod has. Each "
             "attempt takes the next one of the family of the destination's address; after a reply "
             "that names a blocklist, another one than before. A destination's address of a "
             "family that is not here is not tried. At least one, but none with proxy = "
             "\"socks5\"."},
    {.name = "ehlo",
     .type = CONF_STRING,
     AT(ehlo),
     .min = 1,
     .max = 255,
     .unit = "",
     .check = mail_domain_check,
     .help = "The EHLO name: the public host name of these addresses, as in their PTR records."},
    {.name = "proxy",
     .type = CONF_WORD,
     AT(proxy),
     .fallback = "none",
     .words = PROXIES,
     .unit = "",
     .help =
         "What mail leaves through: nothing, a SOCKS5 proxy, which chooses the source address, "
         "or a server that takes a PROXY header of version 2 and connects from the address that "
         "it names (HAProxy): one of addresses, which need not be this machine's then."},
    {.name = "proxy_address",
     .type = CONF_STRING,
     AT(proxy_address),
     .fallback = "",
     .max = SOURCE_PROXY_ADDRESS_MAX,
     .unit = "",
     .check = check_proxy_address,
     .help =
         "host:port or [ipv6]:port of the proxy. A name is looked up by the system, again after "
         "ten seconds; of several addresses each connection tries another one first."},
    {.name = "proxy_password_file",
     .type = CONF_STRING,
     AT(proxy_password_file),
     .fallback = "",
     .max = 4096,
     .unit = "",
     .help = "File with the password for proxy_username, of up to 255 octets. It is read at each "
             "connection."},
    {.name = "proxy_username",
     .type = CONF_STRING,
     AT(proxy_username),
     .fallback = "",
     .max = SOURCE_PROXY_LOGIN_MAX,
     .unit = "",
     .help = "For the login at a SOCKS5 proxy (RFC 1929); empty: none."},
};
#undef AT

const struct conf_section SOURCE_POOLS_SECTION = {
    .name = "source_pools",
    .help =
        "Addresses that mail leaves from, or proxies that it leaves through, by the source_pool of "
        "its configuration; without any, all leaves from sender.source_address.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct pool_values),
    .is_list = true,
    .key = "name",
    .is_live = true,
    .check = check_pool,
    .check_among = check_pool_among,
};

/* ---- the values ---- */

struct source_proxy source_proxy_copy(const struct source_proxy *proxy, struct arena *arena)
{
    return (struct source_proxy){
        .kind = proxy->kind,
        .address = arena_str(arena, slice_str(proxy->address)),
        .username = arena_str(arena, slice_str(proxy->username)),
        .password_file = arena_str(arena, slice_str(proxy->password_file)),
    };
}

static struct source_pool pool_of_values(const struct pool_values *values, struct arena *arena)
{
    struct source_pool pool = {.name = arena_str(arena, slice_str(values->name)),
                               .ehlo = arena_str(arena, slice_str(values->ehlo))};
    const struct source_proxy proxy = {.kind = (enum source_proxy_kind)values->proxy,
                                       .address = values->proxy_address,
                                       .username = values->proxy_username,
                                       .password_file = values->proxy_password_file};
    struct net_address *addresses;

    pool.proxy = source_proxy_copy(&proxy, arena);
    while (values->addresses[pool.count])
        pool.count++;
    pool.addresses = addresses = arena_alloc(arena, pool.count * sizeof *addresses);
    for (size_t i = 0; i < pool.count; i++)
        addresses[i] = parsed(values->addresses[i]);
    return pool;
}

struct source_pools source_pools_read(const struct conf *conf, struct arena *arena)
{
    size_t count = conf_count(conf, &SOURCE_POOLS_SECTION);
    struct source_pool *items = arena_alloc(arena, (count + 1) * sizeof *items);

    for (size_t i = 0; i < count; i++) {
        items[i] = pool_of_values(values_at(conf, i), arena);
        items[i].index = i;
    }
    return (struct source_pools){.items = items, .count = count};
}

const struct source_pool *source_pools_find(const struct source_pools *pools, const char *name)
{
    for (size_t i = 0; i < pools->count; i++)
        if (strcmp(pools->items[i].name, name) == 0)
            return &pools->items[i];
    return NULL;
}

bool source_pools_has(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf_count(conf, &SOURCE_POOLS_SECTION); i++)
        if (strcmp(values_at(conf, i)->name, name) == 0)
            return true;
    return strcmp(name, SOURCE_POOL_DEFAULT) == 0;
}

const struct net_address *source_pool_pick(const struct source_pool *pool, sa_family_t family,
                                           size_t turn, const struct net_address *avoided)
{
    const struct net_address *candidates[SOURCE_POOL_ADDRESSES_MAX];
    struct net_address bare = *avoided;
    size_t count = 0;

    net_address_set_port(&bare, 0);
    for (size_t i = 0; i < pool->count; i++)
        if (pool->addresses[i].any.sa_family == family)
            candidates[count++] = &pool->addresses[i];
    if (count == 0)
        return NULL;
    const struct net_address *first = candidates[turn % count];
    return net_address_eq(first, &bare) ? candidates[(turn + 1) % count] : first;
}
