/* SPDX-License-Identifier: Apache-2.0
 * Buckets by address, one list from the least to the most recently used, one timer for its head. */
#include "sender/pool_share.h"

#include "base/xalloc.h"

#define KEY_MAX 20 /* IPv6, port, flag */

struct pool_bucket { /* the idle connections to one place; freed with the last of them */
    struct map_node node;
    struct list connections;
    char key[KEY_MAX];
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

struct connection *pool_share_take(struct pool_share *share, const struct net_address *address,
                                   bool is_clear)
{
    char key[KEY_MAX];
    struct map_node *node = map_get(&share->buckets, key_of(address, is_clear, key));

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
    char key[KEY_MAX];
    struct slice text =
        key_of(connection_address(connection), connection_is_clear(connection), key);
    struct map_node *node = map_get(&share->buckets, text);

    if (node)
        return MAP_OWNER(node, struct pool_bucket, node);
    struct pool_bucket *bucket = xalloc(sizeof *bucket);
    list_init(&bucket->connections);
    memcpy(bucket->key, text.at, text.len);
    map_put(&share->buckets, &bucket->node, slice_of(bucket->key, text.len));
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
