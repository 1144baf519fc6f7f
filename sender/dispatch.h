/* SPDX-License-Identifier: Apache-2.0
 * Step 7 of the message path: what comes from `work` is told from its repeats and handed to its
 * destination, to fanout.c, or to outcome.c.
 *
 * How a mail is sent once, without asking Redis per mail. A normal first attempt rests on
 *  - ownership: one consumer per partition; bus_owns is asked again just before the content is
 *    written (connection.c, may_send), so that a sender which lost its partition stops short of it;
 *  - the table of parcels in hand and lately finished (flight.c): repeats within one sender;
 *  - the marks w:{p}, read once when a partition is assigned (partition.c; a Redis that is away is
 *    waited for some seconds): what an earlier owner had accepted by a peer and not committed.
 *    MARK_PARTIAL carries the recipients that were accepted already.
 *
 * Redis is asked (timer_index_check) only where another record may have overtaken this one:
 *  - records with a fence, that is retries: a repeat of a fired timer, or one the log moved past;
 *  - first attempts in the window of offsets an earlier owner may have had in hand: below the log's
 *    end at the assignment, and at most 4096 offsets behind the first record.
 *
 * Redis away: the answer is UNKNOWN, and the mail goes on (never lost, at worst sent twice). */
#pragma once

#include "sender/parcel.h"

extern const struct bus_consumer_ops DISPATCH_OPS;

/* The parcels of sender.rechecks are looked at again at the end of the turn. */
void dispatch_recheck_later(struct sender *sender);
/* Pauses or resumes the consumer by the parcels and bytes in hand. */
void dispatch_check_pressure(struct sender *sender);
