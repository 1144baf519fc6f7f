/* SPDX-License-Identifier: Apache-2.0
 * struct map: a hash table from byte keys to objects. The node lives inside the object and the key
 * bytes are the object's: both outlive the entry. Zero-initialised is empty. Not for keys that an
 * attacker may choose without a bound on their number. */
#pragma once

#include "base/slice.h"

struct map_node {
    struct map_node *next;
    struct slice key;
    uint64_t hash;
};

struct map {
    struct map_node **buckets;
    size_t size, count;
};

#define MAP_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Frees the table, not the objects. */
void map_free(struct map *map);
struct map_node *map_get(const struct map *map, struct slice key);
/* The key must not be in the map. */
void map_put(struct map *map, struct map_node *node, struct slice key);
/* The node must be in the map. */
void map_remove(struct map *map, struct map_node *node);
