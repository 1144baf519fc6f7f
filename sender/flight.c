/* SPDX-License-Identifier: Apache-2.0
 * A map, and a direct-mapped cache of exact ids (a false match would lose mail). */
#include "sender/flight.h"

#include "base/hash.h"
#include "base/xalloc.h"

#define RECENT_COUNT  ((size_t)65536)
#define RECENT_ID_MAX 36 /* longer ids are not remembered; ours are shorter */
#define NO_FENCE      ((int64_t)-1)

struct recent {
    int64_t fence;
    uint32_t attempt;
    bool is_decided;
    uint8_t id_len; /* 0: empty */
    char id[RECENT_ID_MAX];
};

struct flight {
    struct map parcels;
    struct recent *recent;
};

struct flight *flight_new(void)
{
    struct flight *flight = xalloc(sizeof *flight);

    flight->recent = xalloc(RECENT_COUNT * sizeof *flight->recent);
    return flight;
}

void flight_free(struct flight **flight)
{
    if (!*flight)
        return;
    map_free(&(*flight)->parcels);
    xfree((*flight)->recent);
    xfree(*flight);
    *flight = NULL;
}

struct map_node *flight_find(const struct flight *flight, struct slice parcel_id)
{
    return map_get(&flight->parcels, parcel_id);
}

void flight_enter(struct flight *flight, struct map_node *node, struct slice parcel_id)
{
    map_put(&flight->parcels, node, parcel_id);
}

void flight_leave(struct flight *flight, struct map_node *node)
{
    map_remove(&flight->parcels, node);
}

static int64_t fence_of(const struct record_work *work)
{
    return work->has_fence ? work->fence : NO_FENCE;
}

static struct recent *slot_of(const struct flight *flight, const struct record_work *work)
{
    uint64_t hash = hash_bytes(work->parcel_id) ^ work->attempt;

    return &flight->recent[hash % RECENT_COUNT];
}

static bool is_about(const struct recent *slot, const struct record_work *work)
{
    return slot->id_len && slot->attempt == work->attempt &&
           slice_eq(slice_of(slot->id, slot->id_len), work->parcel_id);
}

void flight_note_finished(struct flight *flight, const struct record_work *work, bool is_decided)
{
    struct recent *slot = slot_of(flight, work);

    if (work->parcel_id.len == 0 || work->parcel_id.len > RECENT_ID_MAX)
        return;
    slot->is_decided = is_decided || (is_about(slot, work) && slot->is_decided);
    slot->fence = fence_of(work);
    slot->attempt = work->attempt;
    slot->id_len = (uint8_t)work->parcel_id.len;
    memcpy(slot->id, work->parcel_id.at, work->parcel_id.len);
}

bool flight_was_finished(const struct flight *flight, const struct record_work *work)
{
    const struct recent *slot = slot_of(flight, work);

    return is_about(slot, work) && (slot->is_decided || slot->fence == fence_of(work));
}
