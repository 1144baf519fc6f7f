/* SPDX-License-Identifier: Apache-2.0
 * malloc and free, with an end instead of a NULL. */
#include "base/xalloc.h"

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

void xfree(void *at)
{
    free(at);
}
