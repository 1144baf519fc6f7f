/* SPDX-License-Identifier: Apache-2.0
 * Commands on their way: encoded straight into the turn's output, and a ring of the replies that
 * are owed for them. Knows nothing about connecting. */
#include "base/assert.h"
#include "base/xalloc.h"
#include "net/clock.h"
#include "redis/internal.h"

#define RING_FIRST_SIZE ((size_t)64)

void redis_put_head(struct buf *out, size_t count)
{
    buf_add_char(out, '*');
    buf_add_u64(out, count);
    buf_add(out, SLICE("\r\n"));
}

void redis_put_arg(struct buf *out, struct slice arg)
{
    buf_reserve(out, arg.len + 32);
    buf_add_char(out, '$');
    buf_add_u64(out, arg.len);
    buf_add(out, SLICE("\r\n"));
    buf_add(out, arg);
    buf_add(out, SLICE("\r\n"));
}

void redis_put_int(struct buf *out, int64_t arg)
{
    char text[21];
    size_t at = sizeof text;
    uint64_t rest = arg < 0 ? 0 - (uint64_t)arg : (uint64_t)arg;

    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (arg < 0)
        text[--at] = '-';
    redis_put_arg(out, slice_of(text + at, sizeof text - at));
}

static void ring_grow(struct redis_owed_ring *ring)
{
    size_t size = ring->size ? ring->size * 2 : RING_FIRST_SIZE;
    struct redis_owed *at = xalloc(size * sizeof *at);

    for (size_t i = 0; i < ring->count; i++)
        at[i] = ring->at[(ring->first + i) & (ring->size - 1)];
    xfree(ring->at);
    *ring = (struct redis_owed_ring){.at = at, .size = size, .count = ring->count};
}

static void flush(void *owner)
{
    struct redis *redis = owner;

    if (redis->stream && redis->state != REDIS_STATE_CLOSING)
        stream_write(redis->stream, buf_slice(&redis->out));
    buf_clear(&redis->out);
}

void redis_owe(struct redis *redis, struct redis_call *call, struct slice name)
{
    struct redis_owed_ring *ring = &redis->owed;
    uint64_t timeout_ms = (uint64_t)redis->settings.timeout_ms;

    if (ring->count == ring->size)
        ring_grow(ring);
    ring->at[(ring->first + ring->count++) & (ring->size - 1)] =
        (struct redis_owed){.call = call,
                            .deadline_ms = loop_now_ms(redis->loop) + timeout_ms,
                            .sent_us = clock_monotonic_us(),
                            .operation = operations_find(&redis->operations, name)};
    if (!loop_timer_is_running(redis->oldest))
        loop_timer_start(redis->oldest, timeout_ms);
    loop_later(redis->loop, &redis->flush, flush, redis);
}

struct redis_owed *redis_owed_first(struct redis *redis)
{
    struct redis_owed_ring *ring = &redis->owed;

    return ring->count ? &ring->at[ring->first] : NULL;
}

struct redis_call *redis_owed_take_first(struct redis *redis, enum redis_type reply)
{
    struct redis_owed_ring *ring = &redis->owed;
    const struct redis_owed *first = redis_owed_first(redis);

    ASSERT(first);
    operations_note(first->operation, first->sent_us, reply);
    ring->first = (ring->first + 1) & (ring->size - 1);
    ring->count--;
    return first->call;
}

void redis_fire(struct redis_call *call, const struct redis_value *value)
{
    buf_free(&call->tail);
    call->on_reply(call->owner, call, value);
}

static void fail_refused(void *owner)
{
    struct redis *redis = owner;
    struct redis_value down = {.type = REDIS_DOWN, .text = SLICE("Redis is not connected")};

    /* Callbacks may call again: those wait for the next turn. */
    for (size_t left = redis->refused.count; left > 0; left--)
        redis_fire(LIST_OWNER(list_shift(&redis->refused), struct redis_call, node), &down);
}

void redis_refuse(struct redis *redis, struct redis_call *call)
{
    list_push(&redis->refused, &call->node);
    loop_later(redis->loop, &redis->fail, fail_refused, redis);
}

static void put_command(struct redis *redis, const struct slice *args, size_t count)
{
    redis_put_head(&redis->out, count);
    for (size_t i = 0; i < count; i++)
        redis_put_arg(&redis->out, args[i]);
}

void redis_command(struct redis *redis, struct redis_call *call, const struct slice *args,
                   size_t count)
{
    call->script = NULL;
    if (redis->state != REDIS_STATE_UP) {
        redis_refuse(redis, call);
        return;
    }
    put_command(redis, args, count);
    redis_owe(redis, call, args[0]);
}

void redis_tell(struct redis *redis, const struct slice *args, size_t count)
{
    if (redis->state != REDIS_STATE_UP)
        return;
    put_command(redis, args, count);
    redis_owe(redis, NULL, args[0]);
}
