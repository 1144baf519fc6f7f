/* SPDX-License-Identifier: Apache-2.0
 * Heap memory that never fails: out of memory aborts. Sizes that come from outside are bounded by
 * the caller before they get here. The only users of malloc and free. */
#pragma once

#include <stddef.h>

/* Zero-filled memory. */
void *xalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *at, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *format, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
/* NULL is accepted. */
void xfree(void *at);
