/* SPDX-License-Identifier: Apache-2.0
 * DUE: pop what is due with a lease, publish it as work, acknowledge; let expired leases return.
 * The tick sleeps until the next timer is due, at most a second, so that a lost Redis is noticed.
 */
#pragma once

#include "scheduler/shard.h"

/* The tick; owner: struct scheduler. Also continues restarts, refused batches and failed
 * publications. */
void due_tick(void *owner);
/* The tick comes at once. */
void due_hurry(struct scheduler *scheduler);
/* Timers were applied, the earliest due at due_ms (INT64_MAX: none were). */
void due_on_applied(struct shard *shard, int64_t due_ms);
/* Redis TIME now, as far as we know. */
int64_t due_now_ms(const struct scheduler *scheduler);
