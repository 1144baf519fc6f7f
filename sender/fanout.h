/* SPDX-License-Identifier: Apache-2.0
 * A mail for several destinations: its one record becomes one parcel per destination and hundred
 * recipients. The split depends on the record alone, and so do the parcel ids (mail id, "-",
 * number): when it is repeated after a crash, the same parcels come out. A small content that came
 * with the record goes along with every parcel; otherwise all refer to the fan-out's own, or to
 * what that refers to.
 *
 * Where the record asks for a copy (requirements S23..S25), one more parcel per hundred recipients
 * goes to that host (mail id, "-c", number), with the envelope as it was submitted. Recipients'
 * wishes for reports stay with the originals. */
#pragma once

#include "sender/parcel.h"

/* Publishes the parcels, and finishes the record when all are durable. */
void fanout_publish(struct parcel *parcel);

/* The recipients of one parcel: a range of `rcpts`. */
struct fanout_part {
    struct slice destination;
    size_t first, count;
};

struct fanout_split {
    struct fanout_part *parts;
    size_t part_count;
    size_t first_copy;         /* the parts from here on are the copy */
    struct record_rcpt *rcpts; /* ordered by destination and then by index; then the copy's */
};

/* Pure. home: the destination of addresses without a domain (postmaster). */
struct fanout_split fanout_split(struct arena *arena, const struct record_work *work,
                                 struct slice home);
/* The record of one part, but for its body reference. */
struct record_work fanout_part_work(struct arena *arena, const struct record_work *whole,
                                    const struct fanout_split *split, size_t part);
