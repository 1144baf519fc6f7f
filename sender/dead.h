/* SPDX-License-Identifier: Apache-2.0
 * Records that cannot be understood, and copies that nobody took: to the `dead` topic with their
 * reason, then finished. Never a crash loop, never silence. */
#pragma once

#include "sender/parcel.h"
#include "sender/publisher.h"

/* Buries the record and finishes the parcel once that is durable. reason: copied. */
void dead_bury(struct parcel *parcel, const char *reason);
/* Builds the burial record of a parcel, for those who publish it themselves. */
void dead_build(const struct parcel *parcel, const char *reason, struct bus_record *record,
                struct buf *head);
/* The log line and the counter. label: of the metric; reason: a sentence. */
void dead_tell(const struct parcel *parcel, const char *label, const char *reason);
