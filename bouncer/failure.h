/* SPDX-License-Identifier: Apache-2.0
 * The life of one failure record: decide, read the original, publish the report, then the event,
 * then finish the record. Each arrow waits for the log's acknowledgement; what the log refuses now
 * is repeated at the next tick, and a crash repeats all with the same ids. */
#pragma once

#include "bouncer/role.h"

/* bus_consumer_ops.on_record of the topic `failure`; owner: struct bouncer. */
void failure_on_record(void *owner, const struct bus_delivery *delivery);
/* Every resting failure repeats its step. */
void failure_resume_all(struct bouncer *bouncer);
size_t failure_count(const struct bouncer *bouncer);
bool failure_has_partition(const struct bouncer *bouncer, int32_t partition);
/* The partition was lost: what rests is dropped now, what works ends at its next step. */
void failure_lose(struct bouncer *bouncer, int32_t partition);
/* After bus_free: forgets everything. */
void failure_drop_all(struct bouncer *bouncer);
