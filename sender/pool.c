/* SPDX-License-Identifier: Apache-2.0
 * The shares of the configurations, and what all connections have in common. */
#include "sender/pool.h"

#include "base/xalloc.h"
#include "sender/pool_share.h"

#define BROKEN_TLS_MAX 64
#define BROKEN_TLS_MS  3600000u
#define MS_PER_S       1000u

struct broken_tls {
    struct net_address address;
    uint64_t until_ms; /* 0: free */
};

struct pool {
    struct connection_set set;
    struct loop *loop;
    struct metrics *metrics;
    const struct dest_groups *groups;
    bool is_known[DEST_GROUPS_MAX]; /* groups with a connection, now or before */
    struct list shares;             /* struct pool_share: a handful */
    bool is_draining;
    struct broken_tls broken[BROKEN_TLS_MAX];
    size_t broken_next;
};

static struct pool_share *share_of_node(struct list_node *node)
{
    return LIST_OWNER(node, struct pool_share, node);
}

/* Of exactly that name; NULL: none. */
static struct pool_share *find_share(const struct pool *pool, struct slice name)
{
    struct list_node *node = list_first(&pool->shares);

    while (node && !slice_eq(slice_str(share_of_node(node)->name), name))
        node = list_next(&pool->shares, node);
    return node ? share_of_node(node) : NULL;
}

/* As configurations_find. */
static struct pool_share *share_of(const struct pool *pool, struct slice configuration)
{
    struct pool_share *share = find_share(pool, configuration);
    return share ? share : find_share(pool, SLICE(CONFIGURATION_DEFAULT));
}

/* The owner of an idle connection is the pool. */
static void on_idle_failed(void *owner, struct connection *connection,
                           const struct connection_trouble *trouble)
{
    struct pool *pool = owner;

    (void)trouble;
    pool_share_forget(connection);
    metrics_add(pool->metrics, METRIC_POOL_EVICTIONS, METRIC_LABELS("peer"), 1);
}

static const struct connection_ops IDLE_OPS = {.on_failed = on_idle_failed};

struct pool *pool_new(struct loop *loop, const struct sender_settings *settings, struct tls *tls,
                      struct metrics *metrics, const struct dest_groups *groups)
{
    struct pool *pool = xalloc(sizeof *pool);

    pool->loop = loop;
    pool->metrics = metrics;
    pool->groups = groups;
    pool->is_known[DEST_GROUP_OTHER] = true;
    list_init(&pool->shares);
    connection_set_init(&pool->set, loop, settings, tls);
    return pool;
}

static void remove_share(struct pool *pool, struct pool_share *share)
{
    list_remove(&pool->shares, &share->node);
    pool_share_free(share);
}

void pool_free(struct pool **pool)
{
    struct list_node *node;

    if (!*pool)
        return;
    while ((node = list_first(&(*pool)->shares)))
        remove_share(*pool, share_of_node(node));
    connection_set_end(&(*pool)->set);
    xfree(*pool);
    *pool = NULL;
}

static void set_share(struct pool *pool, const struct configuration *configuration)
{
    struct pool_share *share = find_share(pool, configuration->name);

    if (!share) {
        share = pool_share_new(pool->loop, pool->metrics, configuration->name);
        list_push(&pool->shares, &share->node);
    }
    pool_share_set_limits(share, (size_t)configuration->pool_count,
                          (uint64_t)configuration->pool_timeout_s * MS_PER_S);
}

static void remove_others(struct pool *pool, const struct configurations *configurations)
{
    struct list_node *node, *next;

    for (node = list_first(&pool->shares); node; node = next) {
        struct pool_share *share = share_of_node(node);
        struct slice name = slice_str(share->name);
        next = list_next(&pool->shares, node);
        if (slice_eq(configurations_find(configurations, name)->name, name))
            continue;
        pool_share_evict_all(share, "configuration");
        remove_share(pool, share);
    }
}

void pool_set_limits(struct pool *pool, const struct configurations *configurations)
{
    for (size_t i = 0; i < configurations_count(configurations); i++)
        set_share(pool, configurations_at(configurations, i));
    remove_others(pool, configurations);
}

struct connection *pool_take(struct pool *pool, const struct connection_target *target,
                             const struct connection_ops *ops, void *owner)
{
    struct connection *connection = pool_share_take(share_of(pool, target->configuration), target);

    if (connection)
        connection_wake(connection, ops, owner);
    return connection;
}

struct connection *pool_open(struct pool *pool, const struct connection_target *target,
                             const struct connection_ops *ops, void *owner)
{
    pool->is_known[target->group] = true;
    return connection_open(&pool->set, target, ops, owner);
}

void pool_put(struct pool *pool, struct connection *connection)
{
    if (pool->is_draining || connection_is_worn(connection)) {
        connection_close(connection);
        return;
    }
    connection_rest(connection, &IDLE_OPS, pool);
    pool_share_put(share_of(pool, connection_configuration(connection)), connection);
}

void pool_tick(struct pool *pool)
{
    connection_set_tick(&pool->set);
}

void pool_drain(struct pool *pool)
{
    struct list_node *node = list_first(&pool->shares);

    pool->is_draining = true;
    for (; node; node = list_next(&pool->shares, node))
        pool_share_evict_all(share_of_node(node), "drain");
}

static void measure_group(const struct pool *pool, size_t group)
{
    const char *name = dest_group_name(pool->groups, group);
    const size_t *counts = pool->set.counts[group];
    size_t connecting = counts[CONNECTION_CONNECTING] + counts[CONNECTION_HELLO];

    metrics_set(pool->metrics, METRIC_POOL_CONNECTIONS, METRIC_LABELS(name, "connecting"),
                (int64_t)connecting);
    metrics_set(pool->metrics, METRIC_POOL_CONNECTIONS, METRIC_LABELS(name, "busy"),
                (int64_t)counts[CONNECTION_BUSY]);
    metrics_set(pool->metrics, METRIC_POOL_CONNECTIONS, METRIC_LABELS(name, "idle"),
                (int64_t)counts[CONNECTION_IDLE]);
}

void pool_measure(const struct pool *pool)
{
    for (size_t i = 0; i < DEST_GROUPS_MAX; i++)
        if (pool->is_known[i])
            measure_group(pool, i);
}

size_t pool_idle_count(const struct pool *pool)
{
    struct list_node *node = list_first(&pool->shares);
    size_t count = 0;

    for (; node; node = list_next(&pool->shares, node))
        count += share_of_node(node)->lru.count;
    return count;
}

size_t pool_count(const struct pool *pool)
{
    size_t count = 0;

    for (size_t i = 0; i < CONNECTION_STATES; i++)
        count += pool->set.states[i].count;
    return count;
}

bool pool_is_tls_broken(const struct pool *pool, const struct net_address *address)
{
    uint64_t now_ms = loop_now_ms(pool->loop);

    for (size_t i = 0; i < BROKEN_TLS_MAX; i++)
        if (pool->broken[i].until_ms > now_ms && net_address_eq(&pool->broken[i].address, address))
            return true;
    return false;
}

void pool_note_tls_broken(struct pool *pool, const struct net_address *address)
{
    struct broken_tls *slot = &pool->broken[pool->broken_next++ % BROKEN_TLS_MAX];

    slot->address = *address;
    slot->until_ms = loop_now_ms(pool->loop) + BROKEN_TLS_MS;
}
