/* SPDX-License-Identifier: Apache-2.0
 * malloc and free, with an end instead of a NULL. */
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void *xalloc(size_t size)
{
    void *at = calloc(1, size ? size : 1);
    ASSERT(at != NULL);
    return at;
}

void *xrealloc(void *at, size_t size)
{
    void *moved = realloc(at, size ? size : 1);
    ASSERT(moved != NULL);
    return moved;
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(xalloc(size), text, size);
}

char *xasprintf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(length >= 0);
    char *text = xalloc((size_t)length + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void xfree(void *at)
{
    free(at);
}
