/* SPDX-License-Identifier: Apache-2.0
 * Poison: records that cannot be understood go to the topic `dead`, and the shard goes on. */
#pragma once

#include "bus/bus.h"

struct scheduler;

/* Publishes a copy with the reason. Should that fail, the record is still on its own topic. */
void dead_publish(struct scheduler *scheduler, const struct bus_delivery *delivery,
                  const char *reason);
