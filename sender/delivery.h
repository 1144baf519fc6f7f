/* SPDX-License-Identifier: Apache-2.0
 * Step 9 of the message path: one attempt at a parcel, over all hosts of its destination (sections
 * 2 and 4 of docs/smtp.md): body, hosts, connection, transaction; again until every recipient has a
 * verdict. Then the connection goes on with the destination's next parcel (slots.c) and the outcome
 * is recorded (outcome.c). Trace fields and body go out as slices of the parcel's arena. */
#pragma once

#include "sender/parcel.h"

struct connection;

/* The parcel has a slot of its destination. connection: one that just ended a mail there, or NULL.
 * Ends by outcome_record, park_parcel, or slots_wait_for_ownership. */
void delivery_start(struct parcel *parcel, struct connection *connection);
/* The parcel leaves the attempt, unless the peer has all of its content (false: its answer will be
 * recorded). Slot, connection and body are given back. */
bool delivery_cancel(struct parcel *parcel);
/* The same in any case: the role ends. */
void delivery_abandon(struct parcel *parcel);
