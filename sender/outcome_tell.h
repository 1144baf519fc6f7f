/* SPDX-License-Identifier: Apache-2.0
 * What people get to see of an outcome: one log line per parcel and verdict, and the figures. */
#pragma once

#include "sender/outcome_piece.h"

void outcome_tell(const struct parcel *parcel);
/* A record of step 2 was acknowledged, or refused for ever. */
void outcome_tell_published(const struct parcel *parcel, enum outcome_piece piece, bool is_ok);
