/* SPDX-License-Identifier: Apache-2.0
 * A parcel on the retry schedule of its configuration as it is now (S10..S13). Tests let the time
 * of the schedule pass faster (service.time_scale): an age counts for so much more, a wait takes so
 * much less; the formulas do not know. */
#pragma once

#include "profile/retry.h"
#include "sender/parcel.h"

/* Until control returns to the loop. */
const struct retry_settings *schedule_settings(const struct parcel *parcel);
/* After an attempt that ended at now_ms in a temporary failure. */
struct retry_plan schedule_plan(const struct parcel *parcel, int64_t now_ms);
/* It waits, and is too old. */
bool schedule_is_overdue(const struct parcel *parcel, int64_t now_ms);

/* For these: when a mail would have been accepted, had its age passed in real time, and when the
 * scaled wait until due_ms is over. Pure; scale 1 changes nothing. */
int64_t schedule_scaled_start(int64_t queued_at_ms, int64_t now_ms, int64_t scale);
int64_t schedule_scaled_due(int64_t due_ms, int64_t now_ms, int64_t scale);
