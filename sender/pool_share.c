/* SPDX-License-Identifier: Apache-2.0
 * Buckets by the ends of a connection, one list from the least to the most recently used, one timer
 * for its head. */
#include "sender/pool_share.h"

#include "base/assert.h"
#include "base/xalloc.h"

#define KEY_MAX 310 /* addresses of both ends, port, flag, proxy, EHLO name */

struct pool_bucket { /* the idle connections from and to one place; freed with the last of them */
    struct map_node node;
    struct list connections;
    char key[];
};

struct key {
    char at[KEY_MAX];
    size_t len;
};

static struct connection_idle *idle_of_lru(struct list_node *node)
{
    return LIST_OWNER(node, struct connection_idle, lru_node);
}

static void add_bytes(struct key *key, const void *bytes, size_t count)
{
    ASSERT(count <= sizeof key->at - key->len);
    memcpy(key->at + key->len, bytes, count);
    key->len += count;
}

/* The family comes first: it keeps addresses of different lengths apart. */
static void add_ip(struct key *key, const struct net_address *address)
{
    sa_family_t family = address->any.sa_family;

    add_bytes(key, &family, sizeof family);
    if (family == AF_INET)
        add_bytes(key, &address->v4.sin_addr, sizeof address->v4.sin_addr);
    else if (family == AF_INET6)
        add_bytes(key, &address->v6.sin6_addr, sizeof address->v6.sin6_addr);
}

static struct key key_of(const struct connection_target *target)
{
    struct key key = {.len = 0};
    uint16_t port = net_address_port(&target->address);

    add_ip(&key, &target->address);
    add_bytes(&key, &port, sizeof port);
    add_bytes(&key, &target->is_clear, sizeof target->is_clear);
    add_ip(&key, &target->source);
    add_bytes(&key, &target->proxy_id, sizeof target->proxy_id);
    add_bytes(&key, target->ehlo.at, target->ehlo.len);
    return key;
}

void pool_share_forget(struct connection *connection)
{
    struct connection_idle *idle = connection_idle(connection);
    struct pool_share *share = idle->share;
    struct pool_bucket *bucket = idle->bucket;

    list_remove(&share->lru, &idle->lru_node);
    list_remove(&bucket->connections, &idle->bucket_node);
    idle->bucket = NULL;
    idle->share = NULL;
    if (bucket->connections.count)
        return;
    map_remove(&share->buckets, &bucket->node);
    xfree(bucket);
}

static void evict_oldest(struct pool_share *share, const char *reason)
{
    struct connection *connection = connection_of_idle(idle_of_lru(list_first(&share->lru)));

    pool_share_forget(connection);
    connection_close(connection);
    metrics_add(share->metrics, METRIC_POOL_EVICTIONS, METRIC_LABELS(reason), 1);
}

void pool_share_evict_all(struct pool_share *share, const char *reason)
{
    while (share->lru.count)
        evict_oldest(share, reason);
}

static void on_expiry(void *owner)
{
    struct pool_share *share = owner;
    uint64_t now_ms = loop_now_ms(share->loop);
    struct list_node *node;

    while ((node = list_first(&share->lru))) {
        uint64_t due_ms = idle_of_lru(node)->since_ms + share->timeout_ms;
        if (now_ms < due_ms) {
            loop_timer_start(share->expiry, due_ms - now_ms);
            return;
        }
        evict_oldest(share, "timeout");
    }
}

struct pool_share *pool_share_new(struct loop *loop, struct metrics *metrics, struct slice name)
{
    struct pool_share *share = xalloc(sizeof *share);
    struct slice start = slice_sub(name, 0, CONFIGURATION_NAME_MAX);

    share->loop = loop;
    share->metrics = metrics;
    share->expiry = loop_timer_new(loop, on_expiry, share);
    list_init(&share->lru);
    memcpy(share->name, start.at, start.len);
    return share;
}

void pool_share_free(struct pool_share *share)
{
    while (share->lru.count)
        pool_share_forget(connection_of_idle(idle_of_lru(list_first(&share->lru))));
    loop_timer_free(&share->expiry);
    map_free(&share->buckets);
    xfree(share);
}

void pool_share_set_limits(struct pool_share *share, size_t count_max, uint64_t timeout_ms)
{
    share->count_max = count_max;
    share->timeout_ms = timeout_ms;
    while (share->lru.count > count_max)
        evict_oldest(share, "lru");
    if (share->lru.count)
        loop_timer_start(share->expiry, 0);
}

struct connection *pool_share_take(struct pool_share *share, const struct connection_target *target)
{
    struct key key = key_of(target);
    struct map_node *node = map_get(&share->buckets, slice_of(key.at, key.len));

    if (!node)
        return NULL;
    struct connection *connection = connection_of_idle(
        LIST_OWNER(list_last(&MAP_OWNER(node, struct pool_bucket, node)->connections),
                   struct connection_idle, bucket_node));
    pool_share_forget(connection);
    return connection;
}

static struct pool_bucket *bucket_get(struct pool_share *share, const struct connection *connection)
{
    struct key key = key_of(&(struct connection_target){
        .address = *connection_address(connection),
        .source = *connection_source(connection),
        .proxy_id = connection_proxy_id(connection),
        .ehlo = connection_ehlo(connection),
        .is_clear = connection_is_clear(connection),
    });
    struct map_node *node = map_get(&share->buckets, slice_of(key.at, key.len));

    if (node)
        return MAP_OWNER(node, struct pool_bucket, node);
    struct pool_bucket *bucket = xalloc(sizeof *bucket + key.len);
    list_init(&bucket->connections);
    memcpy(bucket->key, key.at, key.len);
    map_put(&share->buckets, &bucket->node, slice_of(bucket->key, key.len));
    return bucket;
}

void pool_share_put(struct pool_share *share, struct connection *connection)
{
    struct connection_idle *idle = connection_idle(connection);

    idle->share = share;
    idle->bucket = bucket_get(share, connection);
    idle->since_ms = loop_now_ms(share->loop);
    list_push(&idle->bucket->connections, &idle->bucket_node);
    list_push(&share->lru, &idle->lru_node);
    if (share->lru.count > share->count_max)
        evict_oldest(share, "lru");
    if (!loop_timer_is_running(share->expiry))
        loop_timer_start(share->expiry, share->timeout_ms);
}
