/* SPDX-License-Identifier: Apache-2.0
 * A mail for several destinations: its one record becomes one parcel per destination and hundred
 * recipients. The split depends on the record alone, and so do the parcel ids (mail id, "-",
 * number): when it is repeated after a crash, the same parcels come out. Bodies are not copied:
 * every parcel refers to the fan-out's own, or to what that refers to. */
#pragma once

#include "sender/parcel.h"

/* Publishes the parcels, and finishes the record when all are durable. */
void fanout_publish(struct parcel *parcel);

/* The recipients of one parcel: a range of `order`. */
struct fanout_part {
    struct slice destination;
    size_t first, count;
};

struct fanout_split {
    struct fanout_part *parts;
    size_t part_count;
    struct record_rcpt *rcpts; /* a copy, ordered by destination and then by index */
};

/* Pure. home: the destination of addresses without a domain (postmaster). */
struct fanout_split fanout_split(struct arena *arena, const struct record_work *work,
                                 struct slice home);
/* The record of one part, but for its body reference. */
struct record_work fanout_part_work(struct arena *arena, const struct record_work *whole,
                                    const struct fanout_split *split, size_t part);
