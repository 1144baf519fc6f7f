/* SPDX-License-Identifier: Apache-2.0
 * The retry formulas and the expiry rule (requirements S10..S18). Pure. All times in ms of wall
 * clock, all settings in seconds. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

#define RETRY_LIST_MAX 32

enum retry_kind { RETRY_LINEAR, RETRY_EXPONENTIAL, RETRY_GEOMETRIC, RETRY_LIST, RETRY_KINDS };

/* NULL-terminated, in the order of the enum, for the settings table. */
extern const char *const RETRY_KIND_NAMES[];

struct retry_settings {
    enum retry_kind kind;
    int64_t period_s;       /* 60..604800 */
    int64_t a_s, b_s;       /* linear: a; exponential: a * n + b; geometric: the first wait is a */
    int64_t factor_percent; /* geometric: each wait in percent of the one before, 101..1000 */
    int64_t cap_s;          /* geometric: no wait is longer */
    int64_t list_s[RETRY_LIST_MAX]; /* list: the waits in turn; the last one repeats */
    size_t list_count;
    int64_t jitter_percent; /* of any wait, at most so much shorter or longer: 0..50 */
};

struct retry_plan {
    bool is_expired; /* the next attempt would come after the period: give up now */
    int64_t due_ms;  /* of the next attempt, when not expired */
};

/* period 86400, exponential, a 480, b -240, no jitter (S16). */
struct retry_settings retry_defaults(void);
/* S12, S14, S15 and the bounds above. The sentence names the setting, what was given and what is
 * allowed. */
MUST_CHECK int retry_check(const struct retry_settings *settings, struct err *err);
/* After an attempt that ended at now_ms in a temporary failure. retry_number: of the retry to be
 * planned, 1 after the first attempt. chance: where in the range of the jitter, 0 the earliest,
 * RETRY_CHANCE_NONE as without jitter. Gives up when due - queued_at > period (S13, strict). */
#define RETRY_CHANCE_NONE UINT32_C(0x80000000)
struct retry_plan retry_plan(const struct retry_settings *settings, int64_t queued_at_ms,
                             int64_t now_ms, uint32_t retry_number, uint32_t chance);
/* A parcel that waits (never attempted, parked) is too old: now - queued_at > period. */
bool retry_is_overdue(const struct retry_settings *settings, int64_t queued_at_ms, int64_t now_ms);
