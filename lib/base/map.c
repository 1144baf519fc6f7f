/* SPDX-License-Identifier: Apache-2.0
 * Chained hash table that doubles when it is full. */
#include "base/map.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/xalloc.h"

#define FIRST_SIZE 16

void map_free(struct map *map)
{
    xfree(map->buckets);
    *map = (struct map){0};
}

static struct map_node **bucket_of(const struct map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->size - 1)];
}

static void grow(struct map *map)
{
    struct map bigger = {.size = map->size ? map->size * 2 : FIRST_SIZE, .count = map->count};

    bigger.buckets = xalloc(bigger.size * sizeof *bigger.buckets);
    for (size_t i = 0; i < map->size; i++) {
        while (map->buckets[i]) {
            struct map_node *node = map->buckets[i];
            struct map_node **bucket = bucket_of(&bigger, node->hash);
            map->buckets[i] = node->next;
            node->next = *bucket;
            *bucket = node;
        }
    }
    xfree(map->buckets);
    *map = bigger;
}

struct map_node *map_get(const struct map *map, struct slice key)
{
    if (map->count == 0)
        return NULL;
    uint64_t hash = hash_bytes(key);
    struct map_node *node = *bucket_of(map, hash);
    while (node && !(node->hash == hash && slice_eq(node->key, key)))
        node = node->next;
    return node;
}

void map_put(struct map *map, struct map_node *node, struct slice key)
{
    if (map->count >= map->size)
        grow(map);
    node->key = key;
    node->hash = hash_bytes(key);
    struct map_node **bucket = bucket_of(map, node->hash);
    node->next = *bucket;
    *bucket = node;
    map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
    struct map_node **at = bucket_of(map, node->hash);

    while (*at != node) {
        ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = node->next;
    node->next = NULL;
    map->count--;
}
