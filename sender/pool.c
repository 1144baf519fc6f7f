/* SPDX-License-Identifier: Apache-2.0
 * Buckets by address, one list from the least to the most recently used, one timer for its head. */
#include "sender/pool.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/xalloc.h"

#define KEY_MAX        20 /* IPv6, port, flag */
#define BROKEN_TLS_MAX 64
#define BROKEN_TLS_MS  3600000u
#define MS_PER_S       1000u

struct pool_bucket { /* the idle connections to one place; freed with the last of them */
    struct map_node node;
    struct list connections;
    char key[KEY_MAX];
};

struct broken_tls {
    struct net_address address;
    uint64_t until_ms; /* 0: free */
};

struct pool {
    struct connection_set set;
    struct loop *loop;
    const struct sender_settings *settings;
    struct metrics *metrics;
    struct map buckets;
    struct list lru; /* oldest first */
    struct loop_timer *expiry;
    bool is_draining;
    struct broken_tls broken[BROKEN_TLS_MAX];
    size_t broken_next;
};

static struct connection_idle *idle_of_lru(struct list_node *node)
{
    return LIST_OWNER(node, struct connection_idle, lru_node);
}

static struct slice key_of(const struct net_address *address, bool is_clear, char key[KEY_MAX])
{
    const void *ip = &address->v4.sin_addr;
    size_t len = sizeof address->v4.sin_addr;
    uint16_t port = net_address_port(address);

    if (address->any.sa_family == AF_INET6) {
        ip = &address->v6.sin6_addr;
        len = sizeof address->v6.sin6_addr;
    }
    memcpy(key, ip, len);
    key[len] = (char)(port >> 8);
    key[len + 1] = (char)(port & 0xff);
    key[len + 2] = (char)is_clear;
    return slice_of(key, len + 3);
}

static void forget(struct pool *pool, struct connection_idle *idle)
{
    struct pool_bucket *bucket = idle->bucket;

    list_remove(&pool->lru, &idle->lru_node);
    list_remove(&bucket->connections, &idle->bucket_node);
    idle->bucket = NULL;
    if (bucket->connections.count)
        return;
    map_remove(&pool->buckets, &bucket->node);
    xfree(bucket);
}

static void evict(struct pool *pool, struct connection_idle *idle, const char *reason)
{
    forget(pool, idle);
    connection_close(connection_of_idle(idle));
    metrics_add(pool->metrics, METRIC_POOL_EVICTIONS, METRIC_LABELS(reason), 1);
}

static uint64_t timeout_ms(const struct pool *pool)
{
    return (uint64_t)pool->settings->pool_timeout_s * MS_PER_S;
}

static void on_expiry(void *owner)
{
    struct pool *pool = owner;
    uint64_t now_ms = loop_now_ms(pool->loop);
    struct list_node *node;

    while ((node = list_first(&pool->lru))) {
        uint64_t due_ms = idle_of_lru(node)->since_ms + timeout_ms(pool);
        if (now_ms < due_ms) {
            loop_timer_start(pool->expiry, due_ms - now_ms);
            return;
        }
        evict(pool, idle_of_lru(node), "timeout");
    }
}

/* The owner of an idle connection is the pool. */
static void on_idle_failed(void *owner, struct connection *connection,
                           const struct connection_trouble *trouble)
{
    struct pool *pool = owner;

    (void)trouble;
    forget(pool, connection_idle(connection));
    metrics_add(pool->metrics, METRIC_POOL_EVICTIONS, METRIC_LABELS("peer"), 1);
}

static const struct connection_ops IDLE_OPS = {.on_failed = on_idle_failed};

struct pool *pool_new(struct loop *loop, const struct sender_settings *settings, struct tls *tls,
                      struct metrics *metrics)
{
    struct pool *pool = xalloc(sizeof *pool);

    pool->loop = loop;
    pool->settings = settings;
    pool->metrics = metrics;
    pool->expiry = loop_timer_new(loop, on_expiry, pool);
    list_init(&pool->lru);
    connection_set_init(&pool->set, loop, settings, tls);
    return pool;
}

void pool_free(struct pool **pool)
{
    struct list_node *node;

    if (!*pool)
        return;
    while ((node = list_first(&(*pool)->lru)))
        forget(*pool, idle_of_lru(node));
    connection_set_end(&(*pool)->set);
    loop_timer_free(&(*pool)->expiry);
    map_free(&(*pool)->buckets);
    xfree(*pool);
    *pool = NULL;
}

struct connection *pool_take(struct pool *pool, const struct connection_target *target,
                             const struct connection_ops *ops, void *owner)
{
    char key[KEY_MAX];
    struct map_node *node =
        map_get(&pool->buckets, key_of(&target->address, target->is_clear, key));
    struct connection_idle *idle;
    struct connection *connection;

    if (!node)
        return NULL;
    idle = LIST_OWNER(list_last(&MAP_OWNER(node, struct pool_bucket, node)->connections),
                      struct connection_idle, bucket_node);
    connection = connection_of_idle(idle);
    forget(pool, idle);
    connection_wake(connection, ops, owner);
    return connection;
}

struct connection *pool_open(struct pool *pool, const struct connection_target *target,
                             const struct connection_ops *ops, void *owner)
{
    return connection_open(&pool->set, target, ops, owner);
}

static struct pool_bucket *bucket_get(struct pool *pool, const struct connection *connection)
{
    char key[KEY_MAX];
    struct slice text =
        key_of(connection_address(connection), connection_is_clear(connection), key);
    struct map_node *node = map_get(&pool->buckets, text);
    struct pool_bucket *bucket;

    if (node)
        return MAP_OWNER(node, struct pool_bucket, node);
    bucket = xalloc(sizeof *bucket);
    list_init(&bucket->connections);
    memcpy(bucket->key, text.at, text.len);
    map_put(&pool->buckets, &bucket->node, slice_of(bucket->key, text.len));
    return bucket;
}

void pool_put(struct pool *pool, struct connection *connection)
{
    struct connection_idle *idle = connection_idle(connection);

    if (pool->is_draining || connection_is_worn(connection)) {
        connection_close(connection);
        return;
    }
    connection_rest(connection, &IDLE_OPS, pool);
    idle->bucket = bucket_get(pool, connection);
    idle->since_ms = loop_now_ms(pool->loop);
    list_push(&idle->bucket->connections, &idle->bucket_node);
    list_push(&pool->lru, &idle->lru_node);
    if (pool->lru.count > (size_t)pool->settings->pool_count)
        evict(pool, idle_of_lru(list_first(&pool->lru)), "lru");
    if (!loop_timer_is_running(pool->expiry))
        loop_timer_start(pool->expiry, timeout_ms(pool));
}

void pool_tick(struct pool *pool)
{
    connection_set_tick(&pool->set);
}

void pool_drain(struct pool *pool)
{
    struct list_node *node;

    pool->is_draining = true;
    while ((node = list_first(&pool->lru)))
        evict(pool, idle_of_lru(node), "drain");
}

void pool_measure(const struct pool *pool)
{
    const struct list *states = pool->set.states;
    size_t connecting = states[CONNECTION_CONNECTING].count + states[CONNECTION_HELLO].count;

    metrics_set(pool->metrics, METRIC_POOL_CONNECTIONS, METRIC_LABELS("connecting"),
                (int64_t)connecting);
    metrics_set(pool->metrics, METRIC_POOL_CONNECTIONS, METRIC_LABELS("busy"),
                (int64_t)states[CONNECTION_BUSY].count);
    metrics_set(pool->metrics, METRIC_POOL_CONNECTIONS, METRIC_LABELS("idle"),
                (int64_t)states[CONNECTION_IDLE].count);
}

size_t pool_idle_count(const struct pool *pool)
{
    return pool->lru.count;
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
