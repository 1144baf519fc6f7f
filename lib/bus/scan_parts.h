/* SPDX-License-Identifier: Apache-2.0
 * How far a scan has come in each partition. For the back ends' scans only. */
#pragma once

#include "bus/scan.h"

struct scan_part {
    enum bus_topic topic;
    int32_t partition;
    int64_t next_offset;
    int64_t stored_at_ms; /* of the newest record handed on; 0: none yet */
    bool is_at_end;       /* as of now */
    bool was_at_end;      /* once */
    bool is_held;         /* kafka: paused, it is ahead of the others */
    unsigned handle;      /* lmdb: of its database */
};

struct scan_parts {
    struct scan_part *parts;
    size_t count;
};

/* A zeroed struct is empty. The returned part is valid until the next call. */
struct scan_part *scan_parts_add(struct scan_parts *parts, enum bus_topic topic, int32_t partition);
void scan_parts_free(struct scan_parts *parts);
/* Partitions of the topic that were added: 0 to n-1. */
int32_t scan_parts_of(const struct scan_parts *parts, enum bus_topic topic);
/* NULL: it was not added. */
struct scan_part *scan_parts_find(const struct scan_parts *parts, enum bus_topic topic,
                                  int32_t partition);
/* The partition that is furthest behind in time, of those not at their end; NULL: all are. */
struct scan_part *scan_parts_last(const struct scan_parts *parts);
/* A record of it is handed on. */
void scan_part_moved(struct scan_part *part, const struct bus_delivery *delivery);
void scan_part_ended(struct scan_part *part);
/* What scan.h promises; false and 0 while there are no partitions. */
bool scan_parts_are_at_end(const struct scan_parts *parts);
int64_t scan_parts_read_to_ms(const struct scan_parts *parts);
