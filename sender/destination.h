/* SPDX-License-Identifier: Apache-2.0
 * Destinations and their queues: first come first served within a destination, turn by turn between
 * them, never more mails under way than a destination (and all together) may have. A state is a
 * list; destination_set_state is the only mover. Opens nothing and knows no clock. */
#pragma once

#include "base/list.h"
#include "base/slice.h"
#include "sender/parcel.h"

struct destinations;

struct destination_limits {
    size_t per_destination, total; /* mails under way */
};

struct destinations *destinations_new(const struct destination_limits *limits);
/* Queues are empty and nothing is under way. NULL accepted, NULL set. */
void destinations_free(struct destinations **destinations);

/* The parcel goes to the end of its destination's queue (and the destination is made if it is not
 * known). parcel.destination is set; now_ms becomes parcel.queued_ms. */
void destination_queue(struct destinations *destinations, struct parcel *parcel, uint64_t now_ms);
/* Takes a queued parcel out, wherever it stands. */
void destination_unqueue(struct destinations *destinations, struct parcel *parcel);
/* The next parcel whose destination has work and a free slot, fair between destinations; it
 * occupies a slot until destination_done. NULL: nothing can start now. */
struct parcel *destination_next(struct destinations *destinations);
/* The next parcel of the same destination, in the slot of one that just ended: for a connection
 * that goes on. NULL: none waits, or others must have their turn; then call destination_done. */
struct parcel *destination_following(struct destinations *destinations, struct destination *dest);
/* The slot is free. The destination may be gone afterwards. */
void destination_done(struct destinations *destinations, struct destination *dest);

size_t destinations_count(const struct destinations *destinations);
size_t destination_waiting(const struct destination *dest);
size_t destination_active(const struct destination *dest);
/* Oldest and newest in the queue; NULL when it is empty. */
struct parcel *destination_oldest(const struct destination *dest);
struct parcel *destination_newest(const struct destination *dest);
/* Calls visit for each destination with a queue; visit may unqueue parcels of that destination. */
void destinations_visit(struct destinations *destinations,
                        void (*visit)(void *owner, struct destination *dest), void *owner);
