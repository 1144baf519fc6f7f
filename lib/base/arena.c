/* SPDX-License-Identifier: Apache-2.0
 * Bump allocation in a chain of blocks. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/xalloc.h"

#define BLOCK_MAX ((size_t)64 * 1024)
#define ALIGN     _Alignof(max_align_t)

struct block {
    struct block *older;
    size_t size, used;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *newest;
    size_t held;
};

static struct block *block_new(size_t size, struct block *older)
{
    struct block *block = xalloc(sizeof *block + size);

    block->older = older;
    block->size = size;
    return block;
}

struct arena *arena_new(size_t first_bytes)
{
    struct arena *arena = xalloc(sizeof *arena);

    arena->newest = block_new(first_bytes, NULL);
    arena->held = first_bytes;
    return arena;
}

static void drop_to_first(struct arena *arena)
{
    while (arena->newest->older) {
        struct block *block = arena->newest;
        arena->newest = block->older;
        arena->held -= block->size;
        xfree(block);
    }
}

void arena_free(struct arena **arena)
{
    if (!*arena)
        return;
    drop_to_first(*arena);
    xfree((*arena)->newest);
    xfree(*arena);
    *arena = NULL;
}

void arena_reset(struct arena *arena)
{
    drop_to_first(arena);
    memset(arena->newest->bytes, 0, arena->newest->used);
    arena->newest->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    ASSERT(size <= SIZE_MAX / 4);
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    struct block *block = arena->newest;
    if (block->size - block->used < size) {
        size_t next = block->size * 2 < BLOCK_MAX ? block->size * 2 : BLOCK_MAX;
        block = block_new(next > size ? next : size, block);
        arena->newest = block;
        arena->held += block->size;
    }
    void *at = block->bytes + block->used;
    block->used += size;
    return at;
}

struct slice arena_copy(struct arena *arena, struct slice bytes)
{
    char *at = arena_alloc(arena, bytes.len ? bytes.len : 1);

    if (bytes.len)
        memcpy(at, bytes.at, bytes.len);
    return slice_of(at, bytes.len);
}

struct slice arena_lower(struct arena *arena, struct slice bytes)
{
    char *at = arena_alloc(arena, bytes.len ? bytes.len : 1);

    slice_lower(bytes, at);
    return slice_of(at, bytes.len);
}

char *arena_str(struct arena *arena, struct slice bytes)
{
    char *at = arena_alloc(arena, bytes.len + 1);

    if (bytes.len)
        memcpy(at, bytes.at, bytes.len);
    return at;
}

struct slice arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(length >= 0);
    char *at = arena_alloc(arena, (size_t)length + 1);
    va_start(args, format);
    (void)vsnprintf(at, (size_t)length + 1, format, args);
    va_end(args);
    return slice_of(at, (size_t)length);
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->held;
}
