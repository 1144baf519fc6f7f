/* SPDX-License-Identifier: Apache-2.0
 * The conservation of mail: every recipient that was accepted is delivered, failed, expired, or
 * still open. Pure bookkeeping over what an independent reader of the log hands in, in any order
 * within some minutes and with repeats.
 *
 * Accepted is who is named in an accepted event (published after the log acknowledged the work
 * record) or in a work record (an ingress may have died between the two); a report, also by the
 * event that names it. Copies for an archive are no recipients.
 *
 * Bounded: a mail with an outcome for every recipient is forgotten 10 minutes after its last
 * record, a report after 2 hours. What is told later of a mail that is not known and older than one
 * that was forgotten proves nothing and is ignored: it is a repeat. The same goes for mails older
 * than the horizon at the start, and for mails that came while all memory was in use: those are
 * counted as unfollowed. */
#pragma once

#include "ctl/event_read.h"
#include "proto/record.h"

struct balance;

struct balance_limits {
    int64_t lost_after_ms; /* nobody tries longer than that: who is open then is missing */
    int64_t keep_ms;       /* what is missing or unproven counts until the mail is so old */
    int64_t horizon_ms;    /* wall clock: of older mails not everything is in the log any more */
    int64_t proof_ms;      /* the same of work records: the only proof, for want of an event */
    size_t memory_bytes;
};

struct balance_figures {
    uint64_t accepted, delivered, failed, expired; /* recipients, of all that was followed */
    uint64_t open;                                 /* recipients on their way */
    uint64_t open_mails;
    int64_t oldest_open_ms; /* age */
    /* accepted - delivered - failed - expired - open, taken per recipient without its sign, so that
     * two faults never hide each other: */
    uint64_t missing;  /* accepted, without an outcome after lost_after_ms */
    uint64_t unproven; /* an outcome without an acceptance, of a mail not older than proof_ms */
    uint64_t unfollowed_mails;
    size_t memory_bytes; /* in use */
};

struct balance *balance_new(const struct balance_limits *limits);
/* NULL accepted, NULL set. */
void balance_free(struct balance **balance);
/* stored_at_ms: of the record that carried it. */
void balance_on_event(struct balance *balance, const struct event_read *event,
                      int64_t stored_at_ms);
void balance_on_work(struct balance *balance, const struct record_work *work, int64_t stored_at_ms);
/* clock_ms: all that was stored before was handed in. Also forgets what is settled or too old. */
void balance_count(struct balance *balance, int64_t clock_ms, struct balance_figures *ret_figures);
static inline uint64_t balance_drift(const struct balance_figures *figures)
{
    return figures->missing + figures->unproven;
}
