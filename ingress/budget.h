/* SPDX-License-Identifier: Apache-2.0
 * The memory budget for bodies of one ingress: taken as data arrives, given back when the mail is
 * decided. What does not fit is refused with 452, never truncated. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct budget {
    uint64_t limit_bytes, used_bytes;
};

static inline bool budget_has(const struct budget *budget, uint64_t bytes)
{
    return bytes <= budget->limit_bytes - budget->used_bytes;
}

static inline bool budget_take(struct budget *budget, uint64_t bytes)
{
    if (!budget_has(budget, bytes))
        return false;
    budget->used_bytes += bytes;
    return true;
}

static inline void budget_put(struct budget *budget, uint64_t bytes)
{
    budget->used_bytes -= bytes;
}
