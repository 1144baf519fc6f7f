/* SPDX-License-Identifier: Apache-2.0
 * Which parcels are in hand, and which were finished lately: how a record that came twice (a timer
 * fired twice, a fan-out or a report repeated after a crash) is recognised without asking anybody.
 * A record is told from its repeat by parcel id, attempt and fence. */
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

/* Of the last tens of thousands of finished records; a newer one may push an older one out. */
void flight_note_finished(struct flight *flight, const struct record_work *work);
bool flight_was_finished(const struct flight *flight, const struct record_work *work);
