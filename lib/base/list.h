/* SPDX-License-Identifier: Apache-2.0
 * Intrusive doubly linked list: a state is a list, and an object is in exactly one. The node lives
 * inside the object; LIST_OWNER gets back from node to object. A zeroed node is in no list. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next, *previous;
};

struct list {
    struct list_node head;
    size_t count;
};

#define LIST_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *list)
{
    list->head.next = list->head.previous = &list->head;
    list->count = 0;
}

static inline bool list_has(const struct list_node *node)
{
    return node->next != NULL;
}

/* The first or last node, or NULL; the node after one, or NULL at the end. */
static inline struct list_node *list_first(const struct list *list)
{
    return list->count ? list->head.next : NULL;
}

static inline struct list_node *list_last(const struct list *list)
{
    return list->count ? list->head.previous : NULL;
}

static inline struct list_node *list_next(const struct list *list, const struct list_node *node)
{
    return node->next == &list->head ? NULL : node->next;
}

static inline void list_insert_before(struct list *list, struct list_node *at,
                                      struct list_node *node)
{
    node->next = at;
    node->previous = at->previous;
    at->previous->next = node;
    at->previous = node;
    list->count++;
}

static inline void list_push(struct list *list, struct list_node *node)
{
    list_insert_before(list, &list->head, node);
}

static inline void list_push_front(struct list *list, struct list_node *node)
{
    list_insert_before(list, list->head.next, node);
}

static inline void list_remove(struct list *list, struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->next = node->previous = NULL;
    list->count--;
}

/* Removes and returns the first node, or NULL. */
static inline struct list_node *list_shift(struct list *list)
{
    struct list_node *node = list_first(list);

    if (node)
        list_remove(list, node);
    return node;
}
