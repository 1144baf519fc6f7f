/* SPDX-License-Identifier: Apache-2.0
 * A small table, searched from the front: callers have a dozen commands and scripts. */
#include "redis/operations.h"

#include "net/clock.h"

static const char *const RESULT_NAMES[] = {
    [REDIS_RESULT_OK] = "ok", [REDIS_RESULT_ERROR] = "error", [REDIS_RESULT_LOST] = "lost"};

const char *redis_result_name(enum redis_result result)
{
    return RESULT_NAMES[result];
}

static struct redis_operation *add(struct redis_operations *operations, struct slice name)
{
    struct redis_operation *operation = &operations->at[operations->count++];
    struct slice kept = operations->count == REDIS_OPERATIONS_MAX ? SLICE("other") : name;

    if (kept.len > 0)
        memcpy(operation->name, kept.at, kept.len);
    return operation;
}

struct redis_operation *operations_find(struct redis_operations *operations, struct slice name)
{
    struct slice cut = slice_sub(name, 0, REDIS_OPERATION_LENGTH - 1);

    for (size_t i = 0; i < operations->count; i++)
        if (slice_eq(slice_str(operations->at[i].name), cut))
            return &operations->at[i];
    if (operations->count == REDIS_OPERATIONS_MAX)
        return &operations->at[REDIS_OPERATIONS_MAX - 1];
    return add(operations, cut);
}

void operations_note(struct redis_operation *operation, uint64_t sent_us, enum redis_type reply)
{
    enum redis_result result = REDIS_RESULT_OK;

    if (reply == REDIS_ERROR)
        result = REDIS_RESULT_ERROR;
    if (reply == REDIS_DOWN)
        result = REDIS_RESULT_LOST;
    durations_add(&operation->took[result], clock_monotonic_us() - sent_us);
}
