/* SPDX-License-Identifier: Apache-2.0
 * struct arena: the memory of one unit of work (an SMTP transaction, a parcel, a report), freed at
 * once. Nothing in an arena is freed alone; nothing outlives it. Not thread-safe. */
#pragma once

#include "base/slice.h"

struct arena;

/* first_bytes: size of the first block (the later ones double, up to 64 KiB). */
struct arena *arena_new(size_t first_bytes);
/* NULL accepted, NULL set. */
void arena_free(struct arena **arena);
/* Back to empty; keeps the first block for the next unit of work. */
void arena_reset(struct arena *arena);
/* Zero-filled, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/* A copy of the bytes (an empty slice gives a non-NULL empty one). */
struct slice arena_copy(struct arena *arena, struct slice bytes);
/* The same, ASCII lower case. */
struct slice arena_lower(struct arena *arena, struct slice bytes);
/* A NUL-terminated copy, for our own text only. */
char *arena_str(struct arena *arena, struct slice bytes);
struct slice arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Bytes held, for budgets. */
size_t arena_bytes(const struct arena *arena);
