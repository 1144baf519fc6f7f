/* SPDX-License-Identifier: Apache-2.0
 * A round: timers that were popped together, published on `work`, then acknowledged in Redis. It
 * outlives the state of its shard: what is published is acknowledged and what is not goes back,
 * come what may. */
#pragma once

#include "scheduler/shard.h"

struct due_round;

/* Copies the items; the shard has no round. Those of a shard that is not live any more go back at
 * once. Ends by itself (shard->round = NULL, shard_proceed). */
void round_start(struct shard *shard, const struct timer_index_due *items, size_t count);
/* In each tick: publishes again what the log has refused, or, when the shard is revoked, gives up
 * on it. May end the round, and with it a revoked shard. */
void round_proceed(struct shard *shard);
/* Of a role that ends, without tickets outstanding. NULL accepted, NULL set. */
void round_free(struct due_round **round);
