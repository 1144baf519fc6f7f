/* SPDX-License-Identifier: Apache-2.0
 * Turns are counted by pool, so that pools used in turns do not always meet the same address. */
#include "sender/source.h"

#include "base/assert.h"
#include "base/xalloc.h"

#define NUMBERS (1 + SOURCE_POOLS_MAX)

struct sources {
    struct arena *arena; /* of the pools of the settings */
    struct net_address default_address;
    struct source_pool pools[NUMBERS]; /* with the addresses that can be used here */
    uint64_t proxy_ids[NUMBERS];       /* 0: no proxy */
    uint64_t last_proxy_id;
    size_t turns[NUMBERS];
};

struct sources *sources_new(const struct sender_settings *settings)
{
    struct sources *sources = xalloc(sizeof *sources);
    struct source_pool *pool = &sources->pools[SOURCE_NUMBER_DEFAULT];
    struct err err;

    sources->arena = arena_new(1024);
    *pool = (struct source_pool){.name = SOURCE_POOL_DEFAULT,
                                 .ehlo = settings->hostname,
                                 .addresses = &sources->default_address};
    if (!*settings->source_address)
        return sources;
    ASSERT(net_address_parse(slice_str(settings->source_address), 0, &sources->default_address,
                             &err) == 0); /* the settings table checked it */
    pool->count = 1;
    return sources;
}

void sources_free(struct sources **sources)
{
    if (!*sources)
        return;
    arena_free(&(*sources)->arena);
    xfree(*sources);
    *sources = NULL;
}

static bool has_proxy(const struct source_pool *pool)
{
    return pool->proxy.kind != SOURCE_PROXY_NONE;
}

static struct source_pool usable_part(const struct source_pool *pool, struct arena *arena)
{
    struct net_address *addresses = arena_alloc(arena, pool->count * sizeof *addresses);
    struct source_pool part = {.name = arena_str(arena, slice_str(pool->name)),
                               .ehlo = arena_str(arena, slice_str(pool->ehlo)),
                               .proxy = source_proxy_copy(&pool->proxy, arena),
                               .addresses = addresses};

    for (size_t i = 0; i < pool->count; i++)
        if (has_proxy(pool) || stream_can_come_from(&pool->addresses[i]))
            addresses[part.count++] = pool->addresses[i];
    return part;
}

/* The proxy of a SOCKS5 pool chooses; outside of all pools the system where the settings do not. */
static bool is_chosen_elsewhere(const struct source_pool *pool)
{
    return pool->proxy.kind == SOURCE_PROXY_SOCKS5 || strcmp(pool->name, SOURCE_POOL_DEFAULT) == 0;
}

/* Read again when it is needed: until then it may come. */
static void look_at_password(const struct source_pool *pool, struct log *log)
{
    struct buf password = {0};
    struct err err;

    if (tunnel_read_password(&pool->proxy, &password, &err) != 0)
        log_note(log, LOG_WARNING, "source_pool_password", err.text);
    buf_wipe(&password);
}

static void set_pool(struct sources *sources, const struct source_pool *pool, struct log *log)
{
    struct source_pool *mine = &sources->pools[1 + pool->index];

    if (mine->name)
        return; /* of another configuration, too */
    *mine = usable_part(pool, sources->arena);
    sources->proxy_ids[1 + pool->index] = has_proxy(pool) ? ++sources->last_proxy_id : 0;
    if (mine->count == 0 && !is_chosen_elsewhere(mine))
        log_note(log, LOG_WARNING, "source_pool_not_here", mine->name);
    look_at_password(mine, log);
}

void sources_set_pools(struct sources *sources, const struct configurations *configurations,
                       struct log *log)
{
    arena_reset(sources->arena);
    for (size_t i = SOURCE_NUMBER_DEFAULT + 1; i < NUMBERS; i++)
        sources->pools[i] = (struct source_pool){0};
    for (size_t i = 0; i < configurations_count(configurations); i++) {
        const struct source_pool *pool = configurations_at(configurations, i)->source_pool;
        if (pool)
            set_pool(sources, pool, log);
    }
}

size_t source_number(const struct parcel *parcel)
{
    const struct source_pool *pool = parcel_configuration(parcel)->source_pool;

    return pool ? 1 + pool->index : SOURCE_NUMBER_DEFAULT;
}

static const struct source_pool *pool_of(const struct parcel *parcel)
{
    return &parcel->sender->sources->pools[source_number(parcel)];
}

const char *source_pool_name(const struct parcel *parcel)
{
    return pool_of(parcel)->name;
}

struct net_address source_to_avoid(const struct parcel *parcel)
{
    struct net_address address = {0};
    struct err ignored;

    for (size_t i = 0; i < parcel->work.rcpt_count; i++) {
        const struct record_rcpt *rcpt = &parcel->work.rcpts[i];
        if (rcpt->has_last && rcpt->last.error_class == VERDICT_CLASS_BLOCKED &&
            net_address_parse(rcpt->last.source_ip, 0, &address, &ignored) == 0)
            break;
    }
    return address;
}

static uint64_t proxy_id_of(const struct parcel *parcel)
{
    return parcel->sender->sources->proxy_ids[source_number(parcel)];
}

/* Copied: the pools may be new before the attempt ends. */
static void choose_proxy(const struct parcel *parcel, const struct source_pool *pool,
                         struct connection_target *target)
{
    struct source_proxy *proxy;

    target->proxy = NULL;
    target->proxy_id = proxy_id_of(parcel);
    if (!has_proxy(pool))
        return;
    target->proxy = proxy = arena_alloc(parcel->arena, sizeof *proxy);
    *proxy = source_proxy_copy(&pool->proxy, parcel->arena);
}

bool source_choose(const struct parcel *parcel, const struct net_address *avoided,
                   struct connection_target *target)
{
    const struct source_pool *pool = pool_of(parcel);
    size_t *turn = &parcel->sender->sources->turns[source_number(parcel)];
    const struct net_address *address =
        source_pool_pick(pool, target->address.any.sa_family, *turn, avoided);

    target->ehlo = arena_copy(parcel->arena, slice_str(pool->ehlo));
    target->source = address ? *address : (struct net_address){0};
    choose_proxy(parcel, pool, target);
    if (!address)
        return is_chosen_elsewhere(pool);
    ++*turn;
    return true;
}

static bool has(const struct source_pool *pool, const struct net_address *address)
{
    for (size_t i = 0; i < pool->count; i++)
        if (net_address_eq(&pool->addresses[i], address))
            return true;
    return false;
}

bool source_serves(const struct parcel *parcel, const struct connection *connection)
{
    const struct source_pool *pool = pool_of(parcel);
    const struct net_address *used = connection_source(connection);
    struct net_address avoided = source_to_avoid(parcel);

    if (!slice_eq(connection_ehlo(connection), slice_str(pool->ehlo)) ||
        connection_proxy_id(connection) != proxy_id_of(parcel))
        return false;
    if (used->any.sa_family == AF_UNSPEC)
        return is_chosen_elsewhere(pool);
    return has(pool, used) && !net_address_eq(used, &avoided);
}
