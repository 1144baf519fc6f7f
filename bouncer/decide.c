/* SPDX-License-Identifier: Apache-2.0
 * RFC 3461 4.1 and 5.2: which recipients a report may name; RFC 5321 6.1: no report for <>. */
#include "bouncer/decide.h"

#include "smtp/envelope.h"

struct entitlement {
    unsigned notify;    /* the bit that asks for it */
    bool is_by_default; /* without a NOTIFY parameter */
};

static const struct entitlement ENTITLEMENTS[] = {
    [RECORD_FAILED] = {SMTP_NOTIFY_FAILURE, true},
    [RECORD_DELAYED] = {SMTP_NOTIFY_DELAY, true},
    [RECORD_RELAYED] = {SMTP_NOTIFY_SUCCESS, false},
};

bool decide_is_entitled(enum record_action action, unsigned notify)
{
    const struct entitlement *entitlement = &ENTITLEMENTS[action];

    if (notify == SMTP_NOTIFY_NONE)
        return entitlement->is_by_default;
    return (notify & entitlement->notify) && !(notify & SMTP_NOTIFY_NEVER);
}

static bool is_double_bounce(const struct record_envelope *envelope)
{
    return envelope->is_report || envelope->from.len == 0 || envelope->original_from.len == 0;
}

struct decided decide_failure(struct arena *arena, const struct record_failure *failure)
{
    const struct record_work *work = &failure->work;
    size_t bytes = work->rcpt_count * sizeof(struct record_rcpt *);
    struct decided decided = {.entitled = arena_alloc(arena, bytes),
                              .withheld = arena_alloc(arena, bytes)};

    for (size_t i = 0; i < work->rcpt_count; i++)
        if (decide_is_entitled(failure->action, work->rcpts[i].notify))
            decided.entitled[decided.entitled_count++] = &work->rcpts[i];
        else
            decided.withheld[decided.withheld_count++] = &work->rcpts[i];
    if (is_double_bounce(&work->envelope))
        decided.decision = DECISION_DOUBLE_BOUNCE;
    else
        decided.decision = decided.entitled_count ? DECISION_REPORT : DECISION_SUPPRESS;
    return decided;
}
