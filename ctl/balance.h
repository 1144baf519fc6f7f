/* SPDX-License-Identifier: Apache-2.0
 * The conservation of mail: every recipient that was accepted is delivered, failed, expired, or
 * still open. Pure bookkeeping over what an independent reader of the log hands in, in any order
 * and with repeats.
 *
 * Accepted is who is named in a work record or in an accepted event. The event alone is no
 * acceptance: it also exists for a mail whose work record failed (answered 451); without a work
 * record or an outcome it counts as refused after a moment. Copies for an archive are no
 * recipients. */
#pragma once

#include "ctl/event_read.h"
#include "proto/record.h"

struct balance;

struct balance_limits {
    int64_t lost_after_ms;   /* nobody tries longer than that: who is open then is missing */
    int64_t forget_after_ms; /* outcomes older than that are gone from the log */
};

struct balance_figures {
    uint64_t accepted, delivered, failed, expired; /* recipients, of what is remembered */
    uint64_t open;                                 /* recipients on their way */
    uint64_t open_mails;
    int64_t oldest_open_ms; /* age */
    uint64_t refused_mails; /* accepted events of mails that were answered 451 */
    /* accepted - delivered - failed - expired - open, taken per recipient without its sign, so that
     * two faults never hide each other: */
    uint64_t missing;  /* accepted, without an outcome after lost_after_ms */
    uint64_t unproven; /* an outcome without an acceptance */
};

struct balance *balance_new(const struct balance_limits *limits);
/* NULL accepted, NULL set. */
void balance_free(struct balance **balance);
void balance_on_event(struct balance *balance, const struct event_read *event);
void balance_on_work(struct balance *balance, const struct record_work *work);
/* Also forgets what is settled or too old. */
void balance_count(struct balance *balance, int64_t now_ms, struct balance_figures *ret_figures);
static inline uint64_t balance_drift(const struct balance_figures *figures)
{
    return figures->missing + figures->unproven;
}
