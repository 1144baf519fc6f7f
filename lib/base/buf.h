/* SPDX-License-Identifier: Apache-2.0
 * struct buf: a growable byte buffer on the heap, for bytes under construction and for input that
 * waits for its other half. Zero-initialised is empty; the owner calls buf_free. */
#pragma once

#include <stdarg.h>

#include "base/slice.h"

struct buf {
    char *at;
    size_t len, cap;
};

/* Frees the memory and leaves an empty buf. */
void buf_free(struct buf *b);
/* The same for secrets: what was there is overwritten first. */
void buf_wipe(struct buf *b);
/* Forgets the content, keeps the memory. */
void buf_clear(struct buf *b);
/* Room for n more bytes at at + len. */
void buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, struct slice bytes);
void buf_add_str(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t value);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Drops the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);
/* A NUL-terminated view; the NUL is not part of the content. */
const char *buf_str(struct buf *b);

static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->at, b->len);
}
