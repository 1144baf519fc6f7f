/* SPDX-License-Identifier: Apache-2.0
 * Which parcels are in hand, and which were finished lately: how a record that came twice (a timer
 * fired twice, a fan-out or a report repeated after a crash) is recognised without asking anybody.
 * A record is told from its repeat by parcel id and attempt; and by its fence, as long as that
 * attempt has not been made: a parked parcel comes again with a newer one. */
#pragma once

#include "base/map.h"
#include "proto/record.h"

struct flight;

struct flight *flight_new(void);
void flight_free(struct flight **flight);

/* By parcel id; NULL: none in hand. */
struct map_node *flight_find(const struct flight *flight, struct slice parcel_id);
/* parcel_id lives as long as the entry. */
void flight_enter(struct flight *flight, struct map_node *node, struct slice parcel_id);
void flight_leave(struct flight *flight, struct map_node *node);

/* Of the last tens of thousands of finished records; a newer one may push an older one out.
 * is_decided: that attempt is over, whatever the fence of the timer that comes for it once more. */
void flight_note_finished(struct flight *flight, const struct record_work *work, bool is_decided);
bool flight_was_finished(const struct flight *flight, const struct record_work *work);
