/* SPDX-License-Identifier: Apache-2.0
 * scan.h over the fake's memory. */
#include "base/xalloc.h"
#include "bus/scan_parts.h"
#include "fakes/bus_fake_internal.h"

struct fake_scan {
    struct scan scan;
    struct bus_hub *hub;
    struct scan_parts parts;
};

/* False: there is none left in this partition. */
static bool read_one(const struct fake_scan *scan, struct scan_part *part,
                     const struct scan_ops *ops)
{
    const struct fake_partition *p = fake_partition(scan->hub, part->topic, part->partition);

    while (part->next_offset < p->end_offset && !p->records[part->next_offset])
        part->next_offset++;
    if (part->next_offset == p->end_offset)
        return false;
    const struct bus_delivery *delivery = &p->records[part->next_offset]->delivery;
    scan_part_moved(part, delivery);
    ops->on_record(ops->owner, part->topic, delivery);
    return true;
}

static int read_scan(struct scan *scan, int timeout_ms, const struct scan_ops *ops, struct err *err)
{
    struct fake_scan *s = (struct fake_scan *)scan;
    size_t left = SCAN_BATCH;
    struct scan_part *part;

    (void)timeout_ms;
    if (s->hub->is_gone)
        return err_set(err, ERR_RETRY, "the fake broker was dropped");
    for (size_t i = 0; i < s->parts.count; i++)
        s->parts.parts[i].is_at_end = false;
    while (left > 0 && (part = scan_parts_last(&s->parts)) != NULL) {
        if (read_one(s, part, ops))
            left--;
        else
            scan_part_ended(part);
    }
    return 0;
}

static bool is_at_end(const struct scan *scan)
{
    return scan_parts_are_at_end(&((const struct fake_scan *)scan)->parts);
}

static int64_t read_to_ms(const struct scan *scan)
{
    return scan_parts_read_to_ms(&((const struct fake_scan *)scan)->parts);
}

static void free_scan(struct scan *scan)
{
    struct fake_scan *s = (struct fake_scan *)scan;

    scan_parts_free(&s->parts);
    xfree(s);
}

struct scan *bus_fake_scan(struct bus_hub *hub, const enum bus_topic *topics, size_t count)
{
    static const struct scan_backend backend = {
        .read = read_scan, .is_at_end = is_at_end, .read_to_ms = read_to_ms, .free = free_scan};
    struct fake_scan *scan = xalloc(sizeof *scan);

    scan->scan.backend = &backend;
    scan->hub = hub;
    for (size_t i = 0; i < count; i++)
        for (int32_t k = 0; k < hub->partitions[topics[i]]; k++)
            (void)scan_parts_add(&scan->parts, topics[i], k);
    return &scan->scan;
}
