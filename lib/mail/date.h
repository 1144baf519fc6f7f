/* SPDX-License-Identifier: Apache-2.0
 * The RFC 5322 date as S8 wants it: "Tue, 8 Mar 2016 16:01:54 +0900". */
#pragma once

#include "base/buf.h"

/* zone_minutes: offset from UTC, east positive. */
void date_add(struct buf *out, int64_t wall_ms, int zone_minutes);
/* The offset in force at that moment in the process's time zone (TZ, read-only after start). */
int date_local_zone(int64_t wall_ms);
