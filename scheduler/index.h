/* SPDX-License-Identifier: Apache-2.0
 * INDEX: records of the timer topic -> the shard in Redis, with their offset in the same script. No
 * offset is ever committed to the log: the index itself knows how far it is. */
#pragma once

#include "bus/bus.h"
#include "scheduler/shard.h"

/* bus_consumer_ops.on_record; owner: struct scheduler. */
void index_on_record(void *owner, const struct bus_delivery *delivery);
/* Begins a rebuild in Redis: the shard's keys are dropped, the offset says "nothing applied", and
 * the grace what may have fired before. */
void index_empty(struct shard *shard);
/* Sends the oldest batch if none is on its way and Redis has not refused a moment ago. */
void index_apply(struct shard *shard);
/* Drops the batches. */
void index_forget(struct shard *shard);
