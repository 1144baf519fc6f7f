/* SPDX-License-Identifier: Apache-2.0
 * The list becomes an array for qsort, and a list again. */
#include "bus/fetches.h"

#include <stdlib.h>

#include "base/xalloc.h"

static int by_place(const void *left, const void *right)
{
    const struct bus_ref *a = &(*(struct bus_fetch *const *)left)->ref;
    const struct bus_ref *b = &(*(struct bus_fetch *const *)right)->ref;

    if (a->topic != b->topic)
        return a->topic < b->topic ? -1 : 1;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->first_offset > b->first_offset) - (a->first_offset < b->first_offset);
}

void bus_fetches_sort(struct list *fetches)
{
    size_t count = fetches->count;
    struct bus_fetch **array = xalloc(count * sizeof(struct bus_fetch *));

    for (size_t i = 0; i < count; i++)
        array[i] = LIST_OWNER(list_shift(fetches), struct bus_fetch, node);
    qsort(array, count, sizeof(struct bus_fetch *), by_place);
    for (size_t i = 0; i < count; i++)
        list_push(fetches, &array[i]->node);
    xfree(array);
}
