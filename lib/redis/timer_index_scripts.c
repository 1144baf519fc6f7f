/* SPDX-License-Identifier: Apache-2.0
 * Lua for Redis 7. Time is redis.call('TIME') only: the clocks of our own hosts do not matter. */
#include "redis/timer_index_scripts.h"

/* clang-format off */
#define NOW_MS                                                                    \
    "local time = redis.call('TIME')\n"                                           \
    "local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)\n"

const struct redis_script TIMER_INDEX_APPLY = {
    .name = "timer_apply",
    .source =
    "#!lua\n"
    "-- ARGV: expected offset, last offset, grace ms, grace below, then per entry: offset, due ms\n"
    "-- ('' for a tombstone), parcel id, Timer bytes. Entries at or below the stored offset are\n"
    "-- ignored. Expected -1: nothing was applied, the shard is emptied first. Any other expected\n"
    "-- offset must be the stored one. With a grace, a timer that may have fired before the shard\n"
    "-- was lost waits for it; 5 s ahead for the clock of a Redis that failed over.\n"
    "-- Returns the number of entries applied, nil when the offset differs.\n"
    NOW_MS
    "local expected, grace = ARGV[1], tonumber(ARGV[3])\n"
    "if expected == '-1' then\n"
    "  redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])\n"
    "elseif redis.call('GET', KEYS[4]) ~= expected then\n"
    "  return false\n"
    "end\n"
    "local stored, applied = tonumber(expected), 0\n"
    "for i = 5, #ARGV, 4 do\n"
    "  local due, id = ARGV[i + 1], ARGV[i + 2]\n"
    "  if tonumber(ARGV[i]) > stored then\n"
    "    redis.call('ZREM', KEYS[2], id)\n"
    "    if due == '' then\n"
    "      redis.call('ZREM', KEYS[1], id)\n"
    "      redis.call('HDEL', KEYS[3], id)\n"
    "    else\n"
    "      if grace > 0 and tonumber(due) <= now + 5000 then\n"
    "        due = string.format('%d', math.max(tonumber(due), now + grace))\n"
    "      end\n"
    "      redis.call('ZADD', KEYS[1], due, id)\n"
    "      redis.call('HSET', KEYS[3], id, ARGV[i] .. ':' .. ARGV[i + 3])\n"
    "    end\n"
    "    applied = applied + 1\n"
    "  end\n"
    "end\n"
    "redis.call('SET', KEYS[4], ARGV[2])\n"
    "if expected == '-1' or grace > 0 then redis.call('SET', KEYS[5], ARGV[4]) end\n"
    "return applied\n",
};

const struct redis_script TIMER_INDEX_POP = {
    .name = "timer_pop",
    .source =
    "#!lua flags=allow-oom\n"
    "-- ARGV: limit, lease ms, most bytes of items. Moves due timers to fired with a lease.\n"
    "-- Returns {next due ms or -1, now ms, waiting, fired, applied offset,\n"
    "-- {id, due ms, item, id, due ms, item, ...}}, nil when the shard is missing.\n"
    NOW_MS
    "local applied = redis.call('GET', KEYS[4])\n"
    "if not applied then return false end\n"
    "local room, out = tonumber(ARGV[3]), {}\n"
    "local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])\n"
    "for i = 1, #due, 2 do\n"
    "  local item = redis.call('HGET', KEYS[3], due[i])\n"
    "  if item then\n"
    "    room = room - #item\n"
    "    if room < 0 and #out > 0 then break end\n"
    "    redis.call('ZADD', KEYS[2], now + tonumber(ARGV[2]), due[i])\n"
    "    out[#out + 1] = due[i]\n"
    "    out[#out + 1] = tonumber(due[i + 1])\n"
    "    out[#out + 1] = item\n"
    "  end\n"
    "  redis.call('ZREM', KEYS[1], due[i])\n"
    "end\n"
    "local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')\n"
    "return {tonumber(first[2] or -1), now, redis.call('ZCARD', KEYS[1]),\n"
    "  redis.call('ZCARD', KEYS[2]), tonumber(applied), out}\n",
};

const struct redis_script TIMER_INDEX_ACK = {
    .name = "timer_ack",
    .source =
    "#!lua flags=allow-oom\n"
    "-- ARGV: parcel id, fence, parcel id, fence, ... Published timers: neither due nor leased any\n"
    "-- more (one whose lease had ended may be due again); the fence stays, the Timer bytes go. One\n"
    "-- that was replaced by a newer timer meanwhile is left alone.\n"
    "-- Returns the number acknowledged, nil when the shard is missing.\n"
    "if redis.call('EXISTS', KEYS[4]) == 0 then return false end\n"
    "local acked = 0\n"
    "for i = 1, #ARGV, 2 do\n"
    "  local id, fence = ARGV[i], ARGV[i + 1] .. ':'\n"
    "  local item = redis.call('HGET', KEYS[3], id)\n"
    "  if item and string.sub(item, 1, #fence) == fence then\n"
    "    redis.call('ZREM', KEYS[1], id)\n"
    "    redis.call('ZREM', KEYS[2], id)\n"
    "    redis.call('HSET', KEYS[3], id, fence)\n"
    "    acked = acked + 1\n"
    "  end\n"
    "end\n"
    "return acked\n",
};

const struct redis_script TIMER_INDEX_RETURN = {
    .name = "timer_return",
    .source =
    "#!lua flags=allow-oom\n"
    "-- ARGV: parcel id, fence, due ms, parcel id, fence, due ms, ... Timers that were fired and not\n"
    "-- published are due again, unless they are not leased any more.\n"
    "-- Returns their number, nil when the shard is missing.\n"
    "if redis.call('EXISTS', KEYS[4]) == 0 then return false end\n"
    "local returned = 0\n"
    "for i = 1, #ARGV, 3 do\n"
    "  local id, fence = ARGV[i], ARGV[i + 1] .. ':'\n"
    "  local item = redis.call('HGET', KEYS[3], id)\n"
    "  if item and string.sub(item, 1, #fence) == fence and redis.call('ZREM', KEYS[2], id) == 1 then\n"
    "    redis.call('ZADD', KEYS[1], ARGV[i + 2], id)\n"
    "    returned = returned + 1\n"
    "  end\n"
    "end\n"
    "return returned\n",
};

const struct redis_script TIMER_INDEX_REAP = {
    .name = "timer_reap",
    .source =
    "#!lua flags=allow-oom\n"
    "-- ARGV: limit. Expired leases return to due, overdue since the end of the lease.\n"
    "-- Returns their number, nil when the shard is missing.\n"
    NOW_MS
    "if redis.call('EXISTS', KEYS[4]) == 0 then return false end\n"
    "local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])\n"
    "for i = 1, #over, 2 do\n"
    "  redis.call('ZREM', KEYS[2], over[i])\n"
    "  redis.call('ZADD', KEYS[1], over[i + 1], over[i])\n"
    "end\n"
    "return #over / 2\n",
};

const struct redis_script TIMER_INDEX_CHECK = {
    .name = "timer_check",
    .source =
    "#!lua flags=no-writes\n"
    "-- ARGV: parcel id, fence or -1. Returns 'current', 'stale' or 'unknown' by the table in\n"
    "-- redis/timer_index.h. Absence counts only when the index has seen the fence.\n"
    "local applied = tonumber(redis.call('GET', KEYS[4]) or -1)\n"
    "local item = redis.call('HGET', KEYS[3], ARGV[1])\n"
    "local fence = tonumber(ARGV[2])\n"
    "if applied < 0 or applied < fence then return 'unknown' end\n"
    "if fence < 0 then return item and 'stale' or 'current' end\n"
    "if not item then return 'stale' end\n"
    "local newest = tonumber(string.match(item, '^%d+'))\n"
    "if not newest or newest < fence then return 'unknown' end\n"
    "return newest > fence and 'stale' or 'current'\n",
};
/* clang-format on */
