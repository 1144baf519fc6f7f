/* SPDX-License-Identifier: Apache-2.0
 * Step 8 of the message path: parcels wait in their destination's queue (destination.c) and get a
 * slot when it is their turn; a connection that ended a mail takes the destination's next parcel
 * without a detour through the pool. Deadline and ownership are asked here, at each turn. */
#pragma once

#include "sender/parcel.h"

struct connection;

/* Into its destination's queue; slots are given at the end of the turn. */
void slots_queue(struct parcel *parcel);
/* A slot of that destination is free, and so is the connection (NULL: none), which is READY. */
void slots_pass_on(struct sender *sender, struct destination *dest, struct connection *connection);
/* Nothing is sent for it until its partition is surely ours; then it is queued again. */
void slots_wait_for_ownership(struct parcel *parcel);
/* Every second. */
void slots_tick(struct sender *sender);
