/* SPDX-License-Identifier: Apache-2.0
 * A ring of offsets in the order they were taken, which is ascending: finish finds its record by
 * bisection and the front moves over what is finished. Grows by doubling up to the width. */
#include "bus/watermark.h"

#include "base/assert.h"
#include "base/xalloc.h"

#define FIRST_SIZE ((size_t)32)

struct record {
    int64_t offset;
    int64_t stored_at_ms;
    bool is_finished;
};

struct watermark {
    struct record *ring;
    size_t size; /* of the ring: a power of two */
    size_t width;
    size_t front; /* of the lowest unfinished record */
    size_t count;
    int64_t next_offset;
};

struct watermark *watermark_new(size_t width)
{
    struct watermark *watermark = xalloc(sizeof *watermark);

    ASSERT(width > 0);
    watermark->width = width;
    watermark->size = FIRST_SIZE;
    watermark->ring = xalloc(watermark->size * sizeof *watermark->ring);
    return watermark;
}

void watermark_free(struct watermark **watermark)
{
    if (!*watermark)
        return;
    xfree((*watermark)->ring);
    xfree(*watermark);
    *watermark = NULL;
}

void watermark_reset(struct watermark *watermark, int64_t next_offset)
{
    watermark->front = 0;
    watermark->count = 0;
    watermark->next_offset = next_offset;
}

size_t watermark_count(const struct watermark *watermark)
{
    return watermark->count;
}

bool watermark_is_full(const struct watermark *watermark)
{
    return watermark->count >= watermark->width;
}

static struct record *record_at(const struct watermark *watermark, size_t i)
{
    return &watermark->ring[(watermark->front + i) & (watermark->size - 1)];
}

static void grow(struct watermark *watermark)
{
    struct record *bigger = xalloc(watermark->size * 2 * sizeof *bigger);

    for (size_t i = 0; i < watermark->count; i++)
        bigger[i] = *record_at(watermark, i);
    xfree(watermark->ring);
    watermark->ring = bigger;
    watermark->size *= 2;
    watermark->front = 0;
}

void watermark_take(struct watermark *watermark, int64_t offset, int64_t stored_at_ms)
{
    ASSERT(!watermark_is_full(watermark));
    ASSERT(offset >= watermark->next_offset);
    if (watermark->count == watermark->size)
        grow(watermark);
    *record_at(watermark, watermark->count) = (struct record){offset, stored_at_ms, false};
    watermark->count++;
    watermark->next_offset = offset + 1;
}

/* The first record whose offset is not below the one sought, or count. */
static size_t bisect(const struct watermark *watermark, int64_t offset)
{
    size_t low = 0, high = watermark->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (record_at(watermark, middle)->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool watermark_finish(struct watermark *watermark, int64_t offset)
{
    size_t i = bisect(watermark, offset);

    if (i == watermark->count || record_at(watermark, i)->offset != offset ||
        record_at(watermark, i)->is_finished)
        return false;
    record_at(watermark, i)->is_finished = true;
    while (watermark->count > 0 && record_at(watermark, 0)->is_finished) {
        watermark->front = (watermark->front + 1) & (watermark->size - 1);
        watermark->count--;
    }
    return true;
}

int64_t watermark_lowest(const struct watermark *watermark)
{
    return watermark->count > 0 ? record_at(watermark, 0)->offset : watermark->next_offset;
}

int64_t watermark_lowest_at_ms(const struct watermark *watermark)
{
    return watermark->count > 0 ? record_at(watermark, 0)->stored_at_ms : 0;
}

int64_t watermark_next(const struct watermark *watermark)
{
    return watermark->next_offset;
}
