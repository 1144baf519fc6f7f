/* SPDX-License-Identifier: Apache-2.0
 * Records that wait while the producer changes its handle, in order. */
#pragma once

#include "bus/bus.h"

/* Copies the record to the end of the list; the ticket is the caller's as ever. */
void held_push(struct list *held, const struct bus_record *record, struct bus_ticket *ticket);

struct held; /* one that was taken out */

/* The first one, or NULL. */
struct held *held_shift(struct list *held);
/* Valid until held_free. */
struct bus_record held_record(const struct held *held);
struct bus_ticket *held_ticket(const struct held *held);
void held_free(struct held **held);
