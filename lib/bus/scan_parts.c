/* SPDX-License-Identifier: Apache-2.0
 * A list of places, one per partition. */
#include "bus/scan_parts.h"

#include "base/xalloc.h"

struct scan_part *scan_parts_add(struct scan_parts *parts, enum bus_topic topic, int32_t partition)
{
    parts->parts = xrealloc(parts->parts, (parts->count + 1) * sizeof *parts->parts);
    struct scan_part *part = &parts->parts[parts->count++];
    *part = (struct scan_part){.topic = topic, .partition = partition};
    return part;
}

void scan_parts_free(struct scan_parts *parts)
{
    xfree(parts->parts);
    *parts = (struct scan_parts){0};
}

int32_t scan_parts_of(const struct scan_parts *parts, enum bus_topic topic)
{
    int32_t count = 0;

    for (size_t i = 0; i < parts->count; i++)
        count += parts->parts[i].topic == topic;
    return count;
}

struct scan_part *scan_parts_find(const struct scan_parts *parts, enum bus_topic topic,
                                  int32_t partition)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->parts[i].partition == partition && parts->parts[i].topic == topic)
            return &parts->parts[i];
    return NULL;
}

struct scan_part *scan_parts_last(const struct scan_parts *parts)
{
    struct scan_part *last = NULL;

    for (size_t i = 0; i < parts->count; i++) {
        struct scan_part *part = &parts->parts[i];
        if (!part->is_at_end && (!last || part->stored_at_ms < last->stored_at_ms))
            last = part;
    }
    return last;
}

void scan_part_moved(struct scan_part *part, const struct bus_delivery *delivery)
{
    part->next_offset = delivery->offset + 1;
    part->is_at_end = false;
    if (delivery->stored_at_ms > part->stored_at_ms)
        part->stored_at_ms = delivery->stored_at_ms;
}

void scan_part_ended(struct scan_part *part)
{
    part->is_at_end = part->was_at_end = true;
}

bool scan_parts_are_at_end(const struct scan_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (!parts->parts[i].was_at_end)
            return false;
    return parts->count > 0;
}

int64_t scan_parts_read_to_ms(const struct scan_parts *parts)
{
    const struct scan_part *last = scan_parts_last(parts);

    if (parts->count == 0)
        return 0;
    return last ? last->stored_at_ms : INT64_MAX;
}
