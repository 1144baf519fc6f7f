/* SPDX-License-Identifier: Apache-2.0
 * From a parcel to the pure formulas of profile/retry.h, and the time between them. */
#include "sender/schedule.h"

#include "base/hash.h"

const struct retry_settings *schedule_settings(const struct parcel *parcel)
{
    return &parcel_configuration(parcel)->retry;
}

/* Only differences of times count, so no origin has to be agreed on. What does not fit is older
 * than any period, or from the far future. */
int64_t schedule_scaled_start(int64_t queued_at_ms, int64_t now_ms, int64_t scale)
{
    int64_t age_ms, start_ms;

    if (scale == 1)
        return queued_at_ms;
    if (__builtin_sub_overflow(now_ms, queued_at_ms, &age_ms) ||
        __builtin_mul_overflow(age_ms, scale, &age_ms) ||
        __builtin_sub_overflow(now_ms, age_ms, &start_ms))
        return queued_at_ms < now_ms ? INT64_MIN : INT64_MAX;
    return start_ms;
}

int64_t schedule_scaled_due(int64_t due_ms, int64_t now_ms, int64_t scale)
{
    return now_ms + (due_ms - now_ms) / scale;
}

static int64_t start_of(const struct parcel *parcel, int64_t now_ms)
{
    return schedule_scaled_start(parcel->work.envelope.queued_at_ms, now_ms,
                                 parcel->sender->time_scale);
}

/* Spreads the retries of mails that failed together, and is the same when a repeat asks again. */
static uint32_t chance_of(const struct parcel *parcel)
{
    return (uint32_t)(hash_bytes(parcel->work.parcel_id) >> (parcel->work.attempt % 32));
}

struct retry_plan schedule_plan(const struct parcel *parcel, int64_t now_ms)
{
    struct retry_plan plan = retry_plan(schedule_settings(parcel), start_of(parcel, now_ms), now_ms,
                                        parcel->work.attempt + 1, chance_of(parcel));

    if (!plan.is_expired)
        plan.due_ms = schedule_scaled_due(plan.due_ms, now_ms, parcel->sender->time_scale);
    return plan;
}

bool schedule_is_overdue(const struct parcel *parcel, int64_t now_ms)
{
    return retry_is_overdue(schedule_settings(parcel), start_of(parcel, now_ms), now_ms);
}
