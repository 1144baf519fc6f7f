/* SPDX-License-Identifier: Apache-2.0
 * What `topics` found and did, as a table for people or as JSON for programs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bus/kafka/topics.h"

enum topics_done { TOPICS_NOTHING, TOPICS_CREATED, TOPICS_GROWN };

/* done: one for each difference. is_good: nothing is left to be done. */
struct topics_result {
    const struct topics_difference *differences;
    const enum topics_done *done;
    size_t count;
    bool is_good;
};

void topics_print_table(const struct topics_result *result);
void topics_print_json(const struct topics_result *result);
/* Topics as they have to be. */
void topics_print_wants(const struct topics_want *wants, size_t count, bool is_json);
