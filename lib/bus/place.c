/* SPDX-License-Identifier: Apache-2.0
 * The partitions of a destination are as far from one another as they can be: neighbours belong to
 * one sender. */
#include "bus/place.h"

#include "base/assert.h"
#include "base/hash.h"

/* They are known once the log is ready, and stay. */
static uint64_t partitions_of(const struct bus *bus)
{
    int32_t partitions = bus_partitions(bus, BUS_WORK);

    ASSERT(partitions > 0);
    return (uint64_t)partitions;
}

static int32_t place(const struct bus *bus, const struct work_settings *settings,
                     struct slice destination, uint64_t salt)
{
    uint64_t count = partitions_of(bus);
    uint64_t fanout = (uint64_t)settings->fanout < count ? (uint64_t)settings->fanout : count;
    uint64_t first = hash_bytes(destination) % count;
    return (int32_t)((first + salt % fanout * count / fanout) % count);
}

int32_t bus_place_of_new(const struct bus *bus, const struct work_settings *settings,
                         const struct record_work *work, uint64_t now_ms)
{
    uint64_t moment = now_ms / BUS_PLACE_MOMENT_MS;

    if (work->destination.len == 0)
        return (int32_t)(moment % partitions_of(bus));
    return place(bus, settings, work->destination, moment);
}

int32_t bus_place_of_repeatable(const struct bus *bus, const struct work_settings *settings,
                                const struct record_work *work)
{
    return place(bus, settings, work->destination, hash_bytes(work->parcel_id));
}
