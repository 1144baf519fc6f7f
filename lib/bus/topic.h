/* SPDX-License-Identifier: Apache-2.0
 * The topics: names, default partition counts, clean-up. One table for bus back ends, hikyakuctl
 * and docs. docs/architecture.md says what each carries. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
/* X(id, name, partitions, compacted, retention in days; 0: longest retry period + 24 h) */
#define BUS_TOPIC_TABLE(X)              \
    X(WORK,    "work",    64, false, 0) \
    X(BODY,    "body",    64, false, 0) \
    X(TIMER,   "timer",   64, true,  0) \
    X(FAILURE, "failure", 16, false, 7) \
    X(EVENT,   "event",   16, false, 7) \
    X(CONFIG,  "config",   1, true,  0) \
    X(DEAD,    "dead",     1, false, 30)
/* clang-format on */

enum bus_topic {
#define BUS_TOPIC_ENUM(id, name, partitions, compacted, days) BUS_##id,
    BUS_TOPIC_TABLE(BUS_TOPIC_ENUM)
#undef BUS_TOPIC_ENUM
        BUS_TOPICS
};

struct bus_topic_row {
    const char *name; /* without the configured prefix */
    int32_t partitions;
    bool is_compacted;
    unsigned retention_days;
};

/* The row of a topic. */
const struct bus_topic_row *bus_topic_row(enum bus_topic topic);
