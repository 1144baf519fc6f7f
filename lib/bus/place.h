/* SPDX-License-Identifier: Apache-2.0
 * Which partition of `work` a record goes to. A destination lies on `fanout` partitions (setting
 * work.fanout), so that few senders hold connections to it; which of them is a choice of two. On
 * top of bus.h; knows no back end. Only when bus_is_ready. */
#pragma once

#include "bus/bus.h"
#include "proto/record.h"
#include "proto/settings.h"

#define BUS_PLACE_MOMENT_MS 50

/* Of a record that is published once: the partition of the moment, so that mails which come
 * together travel and are stored together, and one destination visits its partitions in turn. A
 * fanout, which is no destination's, may lie on any partition. */
int32_t bus_place_of_new(const struct bus *bus, const struct work_settings *settings,
                         const struct record_work *work, uint64_t now_ms);
/* Of a record that a crash may publish again: always the same, by its parcel id, so that the sender
 * that has the one, or has just finished it, sees the other. */
int32_t bus_place_of_repeatable(const struct bus *bus, const struct work_settings *settings,
                                const struct record_work *work);
