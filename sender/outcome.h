/* SPDX-License-Identifier: Apache-2.0
 * Step 11 of the message path: what became of a parcel is made durable, in an order in which a
 * crash can repeat but never lose (docs/reliability.md):
 *   1 accepted recipients are marked in w:{p} at once (S: all of them, P: some)
 *   2 failure records and events, all acknowledged
 *   3 the timer record, LAST: a Timer for the deferred ones with a reference to the body, or a
 *     tombstone when none is left and an older timer may exist (a retry, or a first attempt in the
 *     window of an earlier owner)
 *   4 mark F where 2 and 3 did more than repeatable events, then the offset is finished. */
#pragma once

#include "sender/parcel.h"

/* Every recipient has a verdict. Deferred ones get a retry, or expire by look-ahead (S13). */
void outcome_record(struct parcel *parcel);
/* Recipients without a verdict expire, and deferred ones; no attempt is counted. */
void outcome_expire(struct parcel *parcel);
/* A Timer with the same attempt, for the recipients without a verdict and deferred ones. */
void outcome_park(struct parcel *parcel, int64_t due_ms);
/* Step 1; called after each transaction. */
void outcome_note_accepted(struct parcel *parcel);
