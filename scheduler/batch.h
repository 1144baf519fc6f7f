/* SPDX-License-Identifier: Apache-2.0
 * Timer records on their way from the log to Redis, in order of offset, at most what one APPLY
 * takes. */
#pragma once

#include "base/arena.h"
#include "redis/timer_index.h"

struct batch {
    struct list_node node;
    struct arena *arena;
    struct timer_index_entry *entries;
    size_t count, capacity;
    size_t bytes;         /* of memory, about */
    int64_t last_offset;  /* of the last record, poison included */
    int64_t first_due_ms; /* of its timers; INT64_MAX: none */
    bool has_grace;       /* its timers may have fired before */
    bool is_sent;
};

struct batch *batch_new(int64_t last_offset, bool has_grace);
/* NULL accepted, NULL set. */
void batch_free(struct batch **batch);
/* False: full, or sent, or of the other kind: begin a new one. */
bool batch_takes(const struct batch *batch, bool has_grace);
/* Copies the entry; its offset becomes the last one. */
void batch_add(struct batch *batch, const struct timer_index_entry *entry);
