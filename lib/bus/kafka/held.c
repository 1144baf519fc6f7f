/* SPDX-License-Identifier: Apache-2.0
 * Copies of records. */
#include "held.h"

#include "base/buf.h"
#include "base/xalloc.h"

struct held {
    struct list_node node;
    struct bus_ticket *ticket;
    struct bus_record record; /* its slices are filled in when it is asked for */
    struct buf key, value;
};

void held_push(struct list *held, const struct bus_record *record, struct bus_ticket *ticket)
{
    struct held *one = xalloc(sizeof *one);

    one->ticket = ticket;
    one->record = *record;
    buf_add(&one->key, record->key);
    buf_add(&one->value, record->head);
    buf_add(&one->value, record->body);
    list_push(held, &one->node);
}

struct held *held_shift(struct list *held)
{
    struct list_node *node = list_shift(held);

    return node ? LIST_OWNER(node, struct held, node) : NULL;
}

struct bus_record held_record(const struct held *held)
{
    struct bus_record record = held->record;

    record.key = buf_slice(&held->key);
    record.head = buf_slice(&held->value);
    record.body = SLICE_NONE;
    return record;
}

struct bus_ticket *held_ticket(const struct held *held)
{
    return held->ticket;
}

void held_free(struct held **held)
{
    buf_free(&(*held)->key);
    buf_free(&(*held)->value);
    xfree(*held);
    *held = NULL;
}
