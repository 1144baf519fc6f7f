/* SPDX-License-Identifier: Apache-2.0
 * How long commands and scripts take, by name. Not for other folders. */
#pragma once

#include "redis/redis.h"

struct redis_operations {
    struct redis_operation at[REDIS_OPERATIONS_MAX];
    size_t count;
};

/* The one of that name (cut if need be), made when it is new; the last one there is room for when
 * there are too many. */
struct redis_operation *operations_find(struct redis_operations *operations, struct slice name);
/* It was sent then and is over now. */
void operations_note(struct redis_operation *operation, uint64_t sent_us, enum redis_type reply);
