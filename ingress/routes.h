/* SPDX-License-Identifier: Apache-2.0
 * Which work record a mail becomes: one destination with at most 100 recipients is a parcel,
 * anything else a fanout that a sender splits. Pure. */
#pragma once

#include "proto/record.h"
#include "smtp/envelope.h"

/* Fills in work->parcel_id, destination, rcpts, rcpt_count (envelope.mail_id is set). A recipient
 * without a domain ("postmaster") belongs to hostname. Everything is copied into the arena. */
void routes_apply(struct arena *arena, struct record_work *work, const struct smtp_rcpt *rcpts,
                  size_t count, const char *hostname);
