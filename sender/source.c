/* SPDX-License-Identifier: Apache-2.0
 * Turns are counted by pool, so that pools used in turns do not always meet the same address. */
#include "sender/source.h"

#include "base/assert.h"
#include "base/xalloc.h"

#define NUMBERS (1 + SOURCE_POOLS_MAX)

struct sources {
    struct arena *arena; /* of the pools of the settings */
    struct net_address default_address;
    struct source_pool pools[NUMBERS]; /* with the addresses that this machine has */
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

static struct source_pool local_part(const struct source_pool *pool, struct arena *arena)
{
    struct net_address *addresses = arena_alloc(arena, pool->count * sizeof *addresses);
    struct source_pool part = {.name = arena_str(arena, slice_str(pool->name)),
                               .ehlo = arena_str(arena, slice_str(pool->ehlo)),
                               .addresses = addresses};

    for (size_t i = 0; i < pool->count; i++)
        if (stream_can_come_from(&pool->addresses[i]))
            addresses[part.count++] = pool->addresses[i];
    return part;
}

static void set_pool(struct sources *sources, const struct source_pool *pool, struct log *log)
{
    struct source_pool *mine = &sources->pools[1 + pool->index];

    if (mine->name)
        return; /* of another configuration, too */
    *mine = local_part(pool, sources->arena);
    if (mine->count == 0)
        log_note(log, LOG_WARNING, "source_pool_not_here", mine->name);
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

/* Outside of all pools the system chooses where the settings do not. */
static bool may_be_unbound(const struct parcel *parcel)
{
    return source_number(parcel) == SOURCE_NUMBER_DEFAULT;
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
    if (!address)
        return may_be_unbound(parcel);
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

    if (!slice_eq(connection_ehlo(connection), slice_str(pool->ehlo)))
        return false;
    if (used->any.sa_family == AF_UNSPEC)
        return may_be_unbound(parcel);
    return has(pool, used) && !net_address_eq(used, &avoided);
}
