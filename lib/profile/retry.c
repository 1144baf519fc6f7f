/* SPDX-License-Identifier: Apache-2.0
 * When to try again and when to give up (requirements S10..S18). Pure arithmetic that saturates:
 * retry numbers and times come from log records. */
#include "profile/retry.h"

#include <inttypes.h>

#define PERIOD_MIN_S      60
#define PERIOD_MAX_S      604800
#define COEFFICIENT_MAX_S ((int64_t)1000000000)

struct retry_settings retry_defaults(void)
{
    return (struct retry_settings){
        .kind = RETRY_EXPONENTIAL, .period_s = 86400, .a_s = 480, .b_s = -240};
}

static int check_linear(const struct retry_settings *settings, struct err *err)
{
    if (settings->a_s <= 0 || settings->a_s >= settings->period_s)
        return err_set(err, ERR_INVALID,
                       "retry interval a is %" PRId64 " s: linear wants 0 < a < period (%" PRId64
                       " s)",
                       settings->a_s, settings->period_s);
    return 0;
}

static int check_exponential(const struct retry_settings *settings, struct err *err)
{
    if (settings->a_s < 0 || settings->a_s > COEFFICIENT_MAX_S)
        return err_set(err, ERR_INVALID,
                       "retry interval a is %" PRId64 " s: exponential wants 0..%" PRId64,
                       settings->a_s, COEFFICIENT_MAX_S);
    if (settings->b_s < -COEFFICIENT_MAX_S || settings->b_s > COEFFICIENT_MAX_S)
        return err_set(err, ERR_INVALID,
                       "retry interval b is %" PRId64 " s: exponential wants %" PRId64 "..%" PRId64,
                       settings->b_s, -COEFFICIENT_MAX_S, COEFFICIENT_MAX_S);
    int64_t first = settings->a_s + settings->b_s;
    if (first <= 0 || first >= settings->period_s)
        return err_set(err, ERR_INVALID,
                       "retry interval a + b is %" PRId64
                       " s: exponential wants 0 < a + b < period (%" PRId64 " s)",
                       first, settings->period_s);
    return 0;
}

int retry_check(const struct retry_settings *settings, struct err *err)
{
    if (settings->period_s < PERIOD_MIN_S || settings->period_s > PERIOD_MAX_S)
        return err_set(err, ERR_INVALID, "retry period is %" PRId64 " s: allowed are %d..%d",
                       settings->period_s, PERIOD_MIN_S, PERIOD_MAX_S);
    return settings->kind == RETRY_LINEAR ? check_linear(settings, err)
                                          : check_exponential(settings, err);
}

/* a * n + b in ms; false when it does not fit. */
static bool interval_ms(const struct retry_settings *settings, uint32_t retry_number,
                        int64_t *ret_ms)
{
    int64_t seconds = settings->a_s;

    if (settings->kind == RETRY_EXPONENTIAL &&
        (__builtin_mul_overflow(settings->a_s, (int64_t)retry_number, &seconds) ||
         __builtin_add_overflow(seconds, settings->b_s, &seconds)))
        return false;
    return !__builtin_mul_overflow(seconds, INT64_C(1000), ret_ms);
}

static bool is_older(const struct retry_settings *settings, int64_t queued_at_ms, int64_t at_ms)
{
    int64_t age_ms;

    if (__builtin_sub_overflow(at_ms, queued_at_ms, &age_ms))
        return at_ms > queued_at_ms;
    return age_ms > settings->period_s * 1000;
}

struct retry_plan retry_plan(const struct retry_settings *settings, int64_t queued_at_ms,
                             int64_t now_ms, uint32_t retry_number)
{
    int64_t wait_ms, due_ms;

    if (!interval_ms(settings, retry_number ? retry_number : 1, &wait_ms) ||
        __builtin_add_overflow(now_ms, wait_ms, &due_ms) ||
        is_older(settings, queued_at_ms, due_ms))
        return (struct retry_plan){.is_expired = true};
    return (struct retry_plan){.due_ms = due_ms};
}

bool retry_is_overdue(const struct retry_settings *settings, int64_t queued_at_ms, int64_t now_ms)
{
    return is_older(settings, queued_at_ms, now_ms);
}
