/* SPDX-License-Identifier: Apache-2.0
 * The life of the connection: connect (with TLS, where set), greet (AUTH, SELECT, PING), serve,
 * lose, wait, again. A Redis that answers late is treated as lost: with pipelining nothing behind
 * the late reply could be told apart. Refuses to repeat commands: only the caller knows whether
 * that is safe. */
#include "redis/redis.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "redis/internal.h"

#define UNIX_PREFIX SLICE("unix:")

static void fail_owed(struct redis *redis, const char *why)
{
    struct redis_value down = {.type = REDIS_DOWN, .text = slice_str(why)};

    /* Nothing can be owed anew meanwhile: the connection is not up any more. */
    while (redis->owed.count > 0) {
        struct redis_call *call = redis_owed_first(redis)->call;
        redis_owed_drop_first(redis);
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

/* The stream is gone. */
static void on_lost(struct redis *redis, const char *why)
{
    redis->stream = NULL;
    redis->state = REDIS_STATE_WAITING;
    redis_reply_reader_free(&redis->reader);
    buf_clear(&redis->out);
    loop_timer_stop(redis->oldest);
    loop_timer_start(redis->reconnect, (uint64_t)redis->settings.reconnect_ms);
    fail_owed(redis, why);
    tell_down(redis, why);
}

/* Ends the connection at the end of the turn, for the reason in redis->why. */
static void drop(struct redis *redis)
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
    drop(redis);
}

static void serve(struct redis *redis, const struct redis_value *value)
{
    const struct redis_owed *first = redis_owed_first(redis);

    if (!first) {
        (void)err_set(&redis->why, ERR_INVALID, "a reply that was not asked for");
        drop(redis);
        return;
    }
    struct redis_call *call = first->call;
    redis_owed_drop_first(redis);
    if (call && !redis_script_repeats(redis, call, value))
        redis_fire(call, value);
}

static void on_read(void *owner, struct slice bytes)
{
    struct redis *redis = owner;
    const struct redis_value *value = NULL;

    if (redis->state == REDIS_STATE_CLOSING)
        return;
    if (redis_reply_feed(redis->reader, bytes, &redis->why)) {
        drop(redis);
        return;
    }
    do {
        if (redis_reply_next(redis->reader, &value, &redis->why))
            drop(redis);
        else if (value)
            serve(redis, value);
    } while (value && redis->state != REDIS_STATE_CLOSING);
}

static void on_refusable(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct redis *redis = owner;

    if (value->type != REDIS_ERROR || redis->state == REDIS_STATE_CLOSING)
        return;
    (void)err_set(&redis->why, ERR_INVALID, "%s refused: %.*s",
                  call == &redis->refusable[0] ? "AUTH" : "SELECT", SLICE_ARGS(value->text));
    drop(redis);
}

static void on_greeted(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct redis *redis = owner;

    (void)call;
    if (value->type == REDIS_DOWN || redis->state == REDIS_STATE_CLOSING)
        return;
    /* LOADING, NOAUTH and the like: not usable yet. */
    if (value->type == REDIS_ERROR) {
        (void)err_set(&redis->why, ERR_RETRY, "PING refused: %.*s", SLICE_ARGS(value->text));
        drop(redis);
        return;
    }
    redis->state = REDIS_STATE_UP;
    redis->is_down_told = false;
    if (redis->ops && redis->ops->on_up)
        redis->ops->on_up(redis->owner);
}

static void greet(struct redis *redis, struct redis_call *call, struct slice verb,
                  const struct slice *arg)
{
    redis_put_head(&redis->out, arg ? 2 : 1);
    redis_put_arg(&redis->out, verb);
    if (arg)
        redis_put_arg(&redis->out, *arg);
    redis_owe(redis, call);
}

static void begin_greeting(struct redis *redis)
{
    struct slice password = slice_str(redis->settings.password);
    struct buf database = {0};

    redis->state = REDIS_STATE_GREETING;
    if (password.len > 0)
        greet(redis, &redis->refusable[0], SLICE("AUTH"), &password);
    if (redis->settings.database > 0) {
        buf_add_u64(&database, (uint64_t)redis->settings.database);
        struct slice number = buf_slice(&database);
        greet(redis, &redis->refusable[1], SLICE("SELECT"), &number);
        buf_free(&database);
    }
    greet(redis, &redis->greeting, SLICE("PING"), NULL);
}

static void on_connected(void *owner)
{
    struct redis *redis = owner;

    if (redis->tls)
        stream_start_tls(redis->stream, redis->tls, redis->tls_name,
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

/* The certificate must be for tls_name or, without one, for the address. */
static int prepare_tls(struct redis *redis, const struct net_address *to, struct err *err)
{
    const char *ca = redis->settings.tls_ca;

    if (!redis->settings.tls || redis->tls)
        return 0;
    if (redis->settings.tls_name[0])
        redis->tls_name = redis->settings.tls_name;
    else
        redis->tls_name = net_address_ip(to, redis->tls_address);
    return tls_new_client(true, ca[0] ? ca : NULL, &redis->tls, err);
}

static void connect_now(void *owner)
{
    struct redis *redis = owner;
    struct slice address = slice_str(redis->settings.address);
    uint64_t timeout_ms = (uint64_t)redis->settings.timeout_ms;
    struct net_address to;
    struct err err;

    if (slice_starts_nocase(address, UNIX_PREFIX)) {
        redis->stream = stream_connect_unix(redis->loop, redis->settings.address + UNIX_PREFIX.len,
                                            timeout_ms, &STREAM_OPS, redis);
    } else if (net_address_parse_port(address, 0, &to, &err) || prepare_tls(redis, &to, &err)) {
        on_lost(redis, err.text);
        return;
    } else {
        redis->stream = stream_connect(redis->loop, &to, NULL, timeout_ms, &STREAM_OPS, redis);
    }
    redis->reader = redis_reply_reader_new();
    redis->state = REDIS_STATE_CONNECTING;
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
    redis->greeting = (struct redis_call){.on_reply = on_greeted, .owner = redis};
    for (size_t i = 0; i < sizeof redis->refusable / sizeof *redis->refusable; i++)
        redis->refusable[i] = (struct redis_call){.on_reply = on_refusable, .owner = redis};
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
    tls_free(&redis->tls);
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
