/* SPDX-License-Identifier: Apache-2.0
 * Putting a parcel back without an attempt: a Timer with the same attempt, due in 15..60 s. Waiting
 * never moves the retry number and makes no `deferred` event; age still counts. */
#pragma once

#include "sender/parcel.h"

/* The parcel is in no queue and has no slot. reason: a word for the metric; static. */
void park_parcel(struct parcel *parcel, const char *reason);
/* Every second: while the sender is full, what a slow destination holds above its share. */
void park_tick(struct sender *sender);
