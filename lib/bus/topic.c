/* SPDX-License-Identifier: Apache-2.0
 * The table of topics as an array. */
#include "bus/topic.h"

#include "base/assert.h"

const struct bus_topic_row *bus_topic_row(enum bus_topic topic)
{
    static const struct bus_topic_row rows[BUS_TOPICS] = {
#define BUS_TOPIC_ROW(id, name, partitions, compacted, days)                                       \
    [BUS_##id] = {name, partitions, compacted, days},
        BUS_TOPIC_TABLE(BUS_TOPIC_ROW)
#undef BUS_TOPIC_ROW
    };

    ASSERT((unsigned)topic < BUS_TOPICS);
    return &rows[topic];
}
