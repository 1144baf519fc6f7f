/* SPDX-License-Identifier: Apache-2.0
 * Publishing until it is durable: a publication is built, published, and after a failure built and
 * published again with a growing back-off, until the log acknowledges it. Nothing else in the
 * sender calls bus_publish, so nothing can be finished on a record that was lost. */
#pragma once

#include "base/buf.h"
#include "bus/bus.h"

struct publisher;

/* Embedded in the owner's memory, zero-initialised but for the first four; alive until
 * on_durable. */
struct publication {
    /* Fills in topic, key, of work the partition (the publisher works out the others) and, where
     * there is one, body or is_tombstone; appends the head. May be called several times; must build
     * the same. */
    void (*build)(struct publication *publication, struct bus_record *record, struct buf *head);
    /* Exactly once, never from inside publisher_start. is_refused: the log will never take it (too
     * large), and is_dispensable is set. */
    void (*on_durable)(struct publication *publication, bool is_refused);
    void *owner;
    bool is_dispensable; /* mail does not depend on it: a refusal ends the tries */
    /* the publisher's */
    struct publisher *publisher;
    struct bus_ticket ticket;
    struct list_node node; /* while it waits for another try */
};

/* on_trouble(owner, detail): a publication failed and will be tried again; once per back-off. */
struct publisher *publisher_new(struct loop *loop, struct bus *bus,
                                void (*on_trouble)(void *owner, const char *detail), void *owner);
/* The bus was freed. NULL accepted, NULL set. Publications that wait are forgotten. */
void publisher_free(struct publisher **publisher);
void publisher_start(struct publisher *publisher, struct publication *publication);
/* From here on acknowledgements are ignored: the role ends. */
void publisher_silence(struct publisher *publisher);
