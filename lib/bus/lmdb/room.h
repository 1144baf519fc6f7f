/* SPDX-License-Identifier: Apache-2.0
 * How full the map and the disk are. Measured by the writer thread about once a second and before
 * a transaction that might not fit; read by all threads. Records may use map_bytes; the
 * environment's own ceiling lies a reserve above it, so that marks and clean-up always fit. */
#pragma once

#include "bus/lmdb/store.h"

struct room {
    int64_t map_bytes, full_percent;
    int64_t left_bytes; /* the writer's: what records may still take before the next measurement */
    uint64_t measured_at_ms;
    _Atomic int64_t used_bytes;
    atomic_bool is_full;
};

/* The reserve for a ceiling. */
int64_t room_reserve_bytes(int64_t map_bytes);
void room_measure(struct room *room, struct store *store);
/* Measures when a second has passed. */
void room_refresh(struct room *room, struct store *store);
/* Takes room for a batch; false: the map is full. */
bool room_take(struct room *room, struct store *store, size_t batch_bytes);
/* The disk or the map refused a transaction all the same. */
void room_exhausted(struct room *room);
