/* SPDX-License-Identifier: Apache-2.0
 * The life of the connection: connect to the next node (with TLS, where set), greet, serve, lose,
 * wait, again. A Redis that answers late is treated as lost: with pipelining nothing behind the
 * late reply could be told apart. One that has become a replica is lost as well. Refuses to repeat
 * commands: only the caller knows whether that is safe. */
#include "redis/redis.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "redis/internal.h"

static void fail_owed(struct redis *redis, const char *why)
{
    struct redis_value down = {.type = REDIS_DOWN, .text = slice_str(why)};

    /* Nothing can be owed anew meanwhile: the connection is not up any more. */
    while (redis->owed.count > 0) {
        struct redis_call *call = redis_owed_take_first(redis, REDIS_DOWN);
        if (call)
            redis_fire(call, &down);
    }
}

static void tell_down(struct redis *redis, const char *why)
{
    if (redis->is_down_told)
        return;
    redis->is_down_told = true;
    if (redis->ops && redis->ops->on_down)
        redis->ops->on_down(redis->owner, why);
}

static uint64_t wait_ms(const struct redis *redis)
{
    return redis->has_served || redis_nodes_is_round_over(redis->nodes)
               ? (uint64_t)redis->settings.reconnect_ms
               : 0;
}

/* The stream is gone, or there was none. */
static void on_lost(struct redis *redis, const char *why)
{
    redis->stream = NULL;
    redis->state = REDIS_STATE_WAITING;
    redis_reply_reader_free(&redis->reader);
    buf_clear(&redis->out);
    loop_timer_stop(redis->oldest);
    loop_timer_start(redis->reconnect, wait_ms(redis));
    if (redis->has_served)
        redis_nodes_repeat(redis->nodes);
    redis->has_served = false;
    fail_owed(redis, why);
    tell_down(redis, why);
}

void redis_drop(struct redis *redis)
{
    redis->state = REDIS_STATE_CLOSING;
    stream_abort(redis->stream);
}

static void on_oldest_due(void *owner)
{
    struct redis *redis = owner;
    const struct redis_owed *first = redis_owed_first(redis);
    uint64_t now_ms = loop_now_ms(redis->loop);

    if (!first || redis->state == REDIS_STATE_CLOSING)
        return;
    if (first->deadline_ms > now_ms) {
        loop_timer_start(redis->oldest, first->deadline_ms - now_ms);
        return;
    }
    (void)err_set(&redis->why, ERR_RETRY, "no reply within %lld ms",
                  (long long)redis->settings.timeout_ms);
    redis_drop(redis);
}

static void serve(struct redis *redis, const struct redis_value *value)
{
    if (!redis_owed_first(redis)) {
        (void)err_set(&redis->why, ERR_INVALID, "a reply that was not asked for");
        redis_drop(redis);
        return;
    }
    struct redis_call *call = redis_owed_take_first(redis, value->type);
    bool is_demoted =
        value->type == REDIS_ERROR && slice_starts_nocase(value->text, SLICE("READONLY "));
    if (call && !redis_script_repeats(redis, call, value))
        redis_fire(call, value);
    if (is_demoted && redis->state != REDIS_STATE_CLOSING) {
        (void)err_set(&redis->why, ERR_RETRY, "it has become a replica");
        redis_drop(redis);
    }
}

static void on_read(void *owner, struct slice bytes)
{
    struct redis *redis = owner;
    const struct redis_value *value = NULL;

    if (redis->state == REDIS_STATE_CLOSING)
        return;
    if (redis_reply_feed(redis->reader, bytes, &redis->why)) {
        redis_drop(redis);
        return;
    }
    do {
        if (redis_reply_next(redis->reader, &value, &redis->why))
            redis_drop(redis);
        else if (value)
            serve(redis, value);
    } while (value && redis->state != REDIS_STATE_CLOSING);
}

void redis_greeted(struct redis *redis)
{
    redis->state = REDIS_STATE_UP;
    redis->has_served = true;
    redis->is_down_told = false;
    if (redis->ops && redis->ops->on_up)
        redis->ops->on_up(redis->owner);
}

static void begin_greeting(struct redis *redis)
{
    redis->state = REDIS_STATE_GREETING;
    redis_greet(redis);
}

static void on_connected(void *owner)
{
    struct redis *redis = owner;

    if (redis->credentials.tls)
        stream_start_tls(redis->stream, redis->credentials.tls, redis->tls_name,
                         (uint64_t)redis->settings.timeout_ms);
    else
        begin_greeting(redis);
}

static void on_secured(void *owner)
{
    begin_greeting(owner);
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct redis *redis = owner;
    struct err why = redis->why;

    if (redis->state != REDIS_STATE_CLOSING || reason != STREAM_LOCAL)
        (void)err_set(&why, ERR_CLOSED, "%s", detail);
    on_lost(redis, why.text);
}

static const struct stream_ops STREAM_OPS = {
    .on_connected = on_connected,
    .on_secured = on_secured,
    .on_read = on_read,
    .on_closed = on_closed,
};

static void on_node(void *owner, const struct redis_node *node)
{
    struct redis *redis = owner;
    const char *name = redis->settings.tls_name;
    uint64_t timeout_ms = (uint64_t)redis->settings.timeout_ms;
    struct err err;

    if (redis_credentials_refresh(&redis->credentials, &redis->settings, &err)) {
        on_lost(redis, err.text);
        return;
    }
    redis->tls_name = name && name[0] ? name : node->host;
    if (node->path)
        redis->stream =
            stream_connect_unix(redis->loop, node->path, timeout_ms, &STREAM_OPS, redis);
    else
        redis->stream =
            stream_connect(redis->loop, &node->ip, NULL, timeout_ms, &STREAM_OPS, redis);
    redis->reader = redis_reply_reader_new();
    redis->state = REDIS_STATE_CONNECTING;
}

static void on_no_node(void *owner, const char *why)
{
    on_lost(owner, why);
}

static const struct redis_nodes_ops NODES_OPS = {.on_next = on_node, .on_none = on_no_node};

static void connect_now(void *owner)
{
    const struct redis *redis = owner;

    redis_nodes_next(redis->nodes);
}

struct redis *redis_new(struct loop *loop, const struct redis_settings *settings,
                        const struct redis_ops *ops, void *owner)
{
    struct redis *redis = xalloc(sizeof *redis);

    redis->loop = loop;
    redis->settings = *settings;
    redis->ops = ops;
    redis->owner = owner;
    list_init(&redis->refused);
    redis_greeting_init(redis);
    redis->nodes = redis_nodes_new(loop, settings->address, &NODES_OPS, redis);
    redis->reconnect = loop_timer_new(loop, connect_now, redis);
    redis->oldest = loop_timer_new(loop, on_oldest_due, redis);
    loop_timer_start(redis->reconnect, 0); /* so that on_down never fires from inside */
    return redis;
}

/* What is left of a stream after redis_free. */
static void on_orphan_read(void *owner, struct slice bytes)
{
    (void)owner;
    (void)bytes;
}

static void on_orphan_connected(void *owner)
{
    (void)owner;
}

static void on_orphan_closed(void *owner, enum stream_close reason, const char *detail)
{
    (void)owner;
    (void)reason;
    (void)detail;
}

static const struct stream_ops ORPHAN_OPS = {
    .on_connected = on_orphan_connected,
    .on_read = on_orphan_read,
    .on_closed = on_orphan_closed,
};

static void fail_all(struct redis *redis)
{
    struct redis_value down = {.type = REDIS_DOWN, .text = SLICE("the connection was closed")};

    fail_owed(redis, "the connection was closed");
    while (redis->refused.count > 0)
        redis_fire(LIST_OWNER(list_shift(&redis->refused), struct redis_call, node), &down);
}

void redis_free(struct redis **ret_redis)
{
    struct redis *redis = *ret_redis;

    if (!redis)
        return;
    if (redis->stream) {
        stream_set_owner(redis->stream, &ORPHAN_OPS, NULL);
        stream_abort(redis->stream);
    }
    redis->state = REDIS_STATE_CLOSING;
    fail_all(redis);
    loop_later_cancel(redis->loop, &redis->flush);
    loop_later_cancel(redis->loop, &redis->fail);
    loop_timer_free(&redis->reconnect);
    loop_timer_free(&redis->oldest);
    redis_nodes_free(&redis->nodes);
    redis_credentials_free(&redis->credentials);
    redis_reply_reader_free(&redis->reader);
    buf_free(&redis->out);
    xfree(redis->owed.at);
    xfree(redis);
    *ret_redis = NULL;
}

bool redis_is_up(const struct redis *redis)
{
    return redis->state == REDIS_STATE_UP;
}

size_t redis_operations(const struct redis *redis, const struct redis_operation **ret_operations)
{
    *ret_operations = redis->operations.at;
    return redis->operations.count;
}
