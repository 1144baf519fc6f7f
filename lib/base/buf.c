/* SPDX-License-Identifier: Apache-2.0
 * Growable byte buffer. */
#include "base/buf.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/xalloc.h"

void buf_free(struct buf *b)
{
    xfree(b->at);
    *b = (struct buf){0};
}

void buf_wipe(struct buf *b)
{
    if (b->at)
        explicit_bzero(b->at, b->cap);
    buf_free(b);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

void buf_reserve(struct buf *b, size_t n)
{
    ASSERT(n <= SIZE_MAX / 4 && b->len <= SIZE_MAX / 4);
    if (b->cap - b->len >= n)
        return;
    size_t cap = b->cap ? b->cap * 2 : 64;
    if (cap < b->len + n)
        cap = b->len + n;
    b->at = xrealloc(b->at, cap);
    b->cap = cap;
}

void buf_add(struct buf *b, struct slice bytes)
{
    if (bytes.len == 0)
        return;
    buf_reserve(b, bytes.len);
    memcpy(b->at + b->len, bytes.at, bytes.len);
    b->len += bytes.len;
}

void buf_add_str(struct buf *b, const char *text)
{
    buf_add(b, slice_str(text));
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, slice_of(&c, 1));
}

void buf_add_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(b, slice_of(digits + at, sizeof digits - at));
}

void buf_addv(struct buf *b, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    ASSERT(length >= 0);
    buf_reserve(b, (size_t)length + 1);
    (void)vsnprintf(b->at + b->len, (size_t)length + 1, format, again);
    va_end(again);
    b->len += (size_t)length;
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_addv(b, format, args);
    va_end(args);
}

void buf_consume(struct buf *b, size_t n)
{
    ASSERT(n <= b->len);
    if (n < b->len)
        memmove(b->at, b->at + n, b->len - n);
    b->len -= n;
}

const char *buf_str(struct buf *b)
{
    buf_reserve(b, 1);
    b->at[b->len] = '\0';
    return b->at;
}
