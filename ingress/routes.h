/* SPDX-License-Identifier: Apache-2.0
 * Which work record a mail becomes: one destination with at most 100 recipients is a parcel,
 * anything else a fanout that a sender splits. Pure. */
#pragma once

#include "profile/forwarding.h"
#include "proto/record.h"
#include "smtp/envelope.h"

/* Fills in work->parcel_id, destination, rcpts, rcpt_count (envelope.mail_id is set). A recipient
 * without a domain ("postmaster") belongs to hostname. Everything is copied into the arena. */
void routes_apply(struct arena *arena, struct record_work *work, const struct smtp_rcpt *rcpts,
                  size_t count, const char *hostname);
/* After routes_apply: recipients with a rule get their new address, once, and the record its new
 * destination. The recipient's wishes stay, and ORCPT names the address that was submitted, where
 * the client gave none (RFC 3461 5.2.1, 5.2.7.3). */
void routes_forward(struct arena *arena, struct record_work *work,
                    const struct forwarding_rules *rules);
