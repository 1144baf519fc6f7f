/* SPDX-License-Identifier: Apache-2.0
 * A batch of timer records. */
#include "scheduler/batch.h"

#include "base/assert.h"
#include "base/xalloc.h"

#define ARENA_BYTES    ((size_t)2048)
#define MAX_BYTES      ((size_t)2 * 1024 * 1024)
#define FIRST_CAPACITY ((size_t)8)

struct batch *batch_new(int64_t last_offset, bool has_grace)
{
    struct batch *batch = xalloc(sizeof *batch);

    batch->arena = arena_new(ARENA_BYTES);
    batch->bytes = sizeof *batch + ARENA_BYTES;
    batch->last_offset = last_offset;
    batch->first_due_ms = INT64_MAX;
    batch->has_grace = has_grace;
    return batch;
}

void batch_free(struct batch **batch)
{
    if (!*batch)
        return;
    arena_free(&(*batch)->arena);
    xfree((*batch)->entries);
    xfree(*batch);
    *batch = NULL;
}

bool batch_takes(const struct batch *batch, bool has_grace)
{
    return !batch->is_sent && batch->has_grace == has_grace &&
           batch->count < TIMER_INDEX_BATCH_MAX && batch->bytes < MAX_BYTES;
}

void batch_add(struct batch *batch, const struct timer_index_entry *entry)
{
    ASSERT(!batch->is_sent && batch->count < TIMER_INDEX_BATCH_MAX);
    if (batch->count == batch->capacity) {
        batch->capacity = batch->capacity ? batch->capacity * 2 : FIRST_CAPACITY;
        batch->entries = xrealloc(batch->entries, batch->capacity * sizeof *batch->entries);
    }
    struct timer_index_entry *copy = &batch->entries[batch->count++];
    *copy = *entry;
    copy->parcel_id = arena_copy(batch->arena, entry->parcel_id);
    copy->timer = arena_copy(batch->arena, entry->timer);
    batch->bytes += sizeof *copy + entry->parcel_id.len + entry->timer.len;
    batch->last_offset = entry->offset;
    if (!entry->is_tombstone && entry->due_ms < batch->first_due_ms)
        batch->first_due_ms = entry->due_ms;
}
