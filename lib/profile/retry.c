/* SPDX-License-Identifier: Apache-2.0
 * When to try again and when to give up (requirements S10..S18). Pure arithmetic that saturates:
 * retry numbers and times come from log records. */
#include "profile/retry.h"

#include <inttypes.h>

#define PERIOD_MIN_S      60
#define PERIOD_MAX_S      604800
#define COEFFICIENT_MAX_S ((int64_t)1000000000)
#define FACTOR_MIN        101
#define FACTOR_MAX        1000
#define JITTER_MAX        50

const char *const RETRY_KIND_NAMES[] = {"linear", "exponential", "geometric", "list", NULL};

struct retry_settings retry_defaults(void)
{
    return (struct retry_settings){
        .kind = RETRY_EXPONENTIAL,
        .period_s = 86400,
        .a_s = 480,
        .b_s = -240,
        .factor_percent = 200,
        .cap_s = 14400,
    };
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

static int check_geometric(const struct retry_settings *settings, struct err *err)
{
    if (settings->a_s <= 0 || settings->a_s >= settings->period_s)
        return err_set(err, ERR_INVALID,
                       "retry interval a is %" PRId64 " s: geometric wants 0 < a < period (%" PRId64
                       " s)",
                       settings->a_s, settings->period_s);
    if (settings->factor_percent < FACTOR_MIN || settings->factor_percent > FACTOR_MAX)
        return err_set(err, ERR_INVALID,
                       "retry factor is %" PRId64 " %%: geometric wants %d..%d (200 doubles)",
                       settings->factor_percent, FACTOR_MIN, FACTOR_MAX);
    if (settings->cap_s < settings->a_s || settings->cap_s > PERIOD_MAX_S)
        return err_set(err, ERR_INVALID,
                       "retry cap is %" PRId64 " s: geometric wants a (%" PRId64 " s)..%d",
                       settings->cap_s, settings->a_s, PERIOD_MAX_S);
    return 0;
}

static int check_list(const struct retry_settings *settings, struct err *err)
{
    if (settings->list_count < 1 || settings->list_count > RETRY_LIST_MAX)
        return err_set(err, ERR_INVALID, "retry list has %zu waits: list wants 1..%d",
                       settings->list_count, RETRY_LIST_MAX);
    for (size_t i = 0; i < settings->list_count; i++)
        if (settings->list_s[i] <= 0 || settings->list_s[i] >= settings->period_s)
            return err_set(err, ERR_INVALID,
                           "retry wait %zu is %" PRId64 " s: list wants 0 < wait < period (%" PRId64
                           " s)",
                           i + 1, settings->list_s[i], settings->period_s);
    return 0;
}

/* ---- the waits ---- */

/* Each in ms for a retry number from 1 on; false when it does not fit. */

static bool wait_linear(const struct retry_settings *settings, uint32_t number, int64_t *ret_ms)
{
    (void)number;
    return !__builtin_mul_overflow(settings->a_s, INT64_C(1000), ret_ms);
}

static bool wait_exponential(const struct retry_settings *settings, uint32_t number,
                             int64_t *ret_ms)
{
    int64_t seconds;

    return !__builtin_mul_overflow(settings->a_s, (int64_t)number, &seconds) &&
           !__builtin_add_overflow(seconds, settings->b_s, &seconds) &&
           !__builtin_mul_overflow(seconds, INT64_C(1000), ret_ms);
}

/* Ends within 1400 steps: each is a hundredth more at least, and the cap is a week at most. */
static bool wait_geometric(const struct retry_settings *settings, uint32_t number, int64_t *ret_ms)
{
    int64_t cap_ms = settings->cap_s * 1000, wait_ms = settings->a_s * 1000;

    for (; number > 1 && wait_ms < cap_ms; number--)
        wait_ms = wait_ms * settings->factor_percent / 100;
    *ret_ms = wait_ms < cap_ms ? wait_ms : cap_ms;
    return true;
}

static bool wait_list(const struct retry_settings *settings, uint32_t number, int64_t *ret_ms)
{
    size_t i = number < settings->list_count ? number : settings->list_count;

    *ret_ms = settings->list_s[i - 1] * 1000;
    return true;
}

static const struct {
    int (*check)(const struct retry_settings *, struct err *);
    bool (*wait)(const struct retry_settings *, uint32_t number, int64_t *ret_ms);
} KINDS[RETRY_KINDS] = {
    [RETRY_LINEAR] = {check_linear, wait_linear},
    [RETRY_EXPONENTIAL] = {check_exponential, wait_exponential},
    [RETRY_GEOMETRIC] = {check_geometric, wait_geometric},
    [RETRY_LIST] = {check_list, wait_list},
};

/* A wait above the longest period is the end, whatever the chance. */
static int64_t with_jitter(const struct retry_settings *settings, int64_t wait_ms, uint32_t chance)
{
    if (settings->jitter_percent == 0 || wait_ms > PERIOD_MAX_S * INT64_C(1000))
        return wait_ms;
    int64_t most_ms = wait_ms * settings->jitter_percent / 100;
    return wait_ms - most_ms + (int64_t)((uint64_t)most_ms * 2 * chance >> 32);
}

/* ---- for others ---- */

int retry_check(const struct retry_settings *settings, struct err *err)
{
    if (settings->period_s < PERIOD_MIN_S || settings->period_s > PERIOD_MAX_S)
        return err_set(err, ERR_INVALID, "retry period is %" PRId64 " s: allowed are %d..%d",
                       settings->period_s, PERIOD_MIN_S, PERIOD_MAX_S);
    if (settings->jitter_percent < 0 || settings->jitter_percent > JITTER_MAX)
        return err_set(err, ERR_INVALID, "retry jitter is %" PRId64 " %%: allowed are 0..%d",
                       settings->jitter_percent, JITTER_MAX);
    return KINDS[settings->kind].check(settings, err);
}

static bool is_older(const struct retry_settings *settings, int64_t queued_at_ms, int64_t at_ms)
{
    int64_t age_ms;

    if (__builtin_sub_overflow(at_ms, queued_at_ms, &age_ms))
        return at_ms > queued_at_ms;
    return age_ms > settings->period_s * 1000;
}

struct retry_plan retry_plan(const struct retry_settings *settings, int64_t queued_at_ms,
                             int64_t now_ms, uint32_t retry_number, uint32_t chance)
{
    int64_t wait_ms, due_ms;

    if (!KINDS[settings->kind].wait(settings, retry_number ? retry_number : 1, &wait_ms) ||
        __builtin_add_overflow(now_ms, with_jitter(settings, wait_ms, chance), &due_ms) ||
        is_older(settings, queued_at_ms, due_ms))
        return (struct retry_plan){.is_expired = true};
    return (struct retry_plan){.due_ms = due_ms};
}

bool retry_is_overdue(const struct retry_settings *settings, int64_t queued_at_ms, int64_t now_ms)
{
    return is_older(settings, queued_at_ms, now_ms);
}
