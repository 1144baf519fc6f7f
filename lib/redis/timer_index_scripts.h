/* SPDX-License-Identifier: Apache-2.0
 * The Lua scripts of the timer index; each states its contract in its source. Not for other
 * folders.
 *
 * KEYS of all: due, fired, item, offset, grace of one shard. A value of `item` is "<fence>:<Timer
 * bytes>"; once the timer was published and acknowledged only "<fence>:" is left. A nil reply means
 * that the shard is missing. The shebang makes a full Redis refuse a script as a whole, before it
 * has written anything; those that only drain may run all the same. */
#pragma once

#include "redis/redis.h"

extern const struct redis_script TIMER_INDEX_APPLY;
extern const struct redis_script TIMER_INDEX_POP;
extern const struct redis_script TIMER_INDEX_ACK;
extern const struct redis_script TIMER_INDEX_RETURN;
extern const struct redis_script TIMER_INDEX_REAP;
extern const struct redis_script TIMER_INDEX_CHECK;
