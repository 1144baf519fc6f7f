/* SPDX-License-Identifier: Apache-2.0
 * What a new connection says first: AUTH, SELECT, ROLE, PING, all in one write. A replica or a
 * sentinel is none of ours. */
#include "redis/internal.h"

static void refuse(struct redis *redis, const char *verb, const struct redis_value *value)
{
    (void)err_set(&redis->why, ERR_INVALID, "%s refused: %.*s", verb, SLICE_ARGS(value->text));
    redis_drop(redis);
}

static bool is_refused(const struct redis *redis, const struct redis_value *value)
{
    return value->type == REDIS_ERROR && redis->state != REDIS_STATE_CLOSING;
}

static void on_login(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct redis *redis = owner;

    (void)call;
    if (is_refused(redis, value))
        refuse(redis, "AUTH", value);
}

static void on_selected(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct redis *redis = owner;

    (void)call;
    if (is_refused(redis, value))
        refuse(redis, "SELECT", value);
}

/* An error is fine: rights may lack for ROLE, and then the first write tells. */
static void on_role(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct redis *redis = owner;

    (void)call;
    if (value->type != REDIS_ARRAY || value->count == 0 || redis->state == REDIS_STATE_CLOSING ||
        slice_eq(value->items[0].text, SLICE("master")))
        return;
    (void)err_set(&redis->why, ERR_RETRY, "it is a %.*s, not the primary",
                  SLICE_ARGS(value->items[0].text));
    redis_drop(redis);
}

static void on_greeted(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct redis *redis = owner;

    (void)call;
    if (value->type == REDIS_DOWN || redis->state == REDIS_STATE_CLOSING)
        return;
    /* LOADING, NOAUTH and the like: not usable yet. */
    if (value->type == REDIS_ERROR)
        refuse(redis, "PING", value);
    else
        redis_greeted(redis);
}

static void say(struct redis *redis, struct redis_call *call, const struct slice *words,
                size_t count)
{
    redis_put_head(&redis->out, count);
    for (size_t i = 0; i < count; i++)
        redis_put_arg(&redis->out, words[i]);
    redis_owe(redis, call, words[0]);
}

static void say_login(struct redis *redis, struct redis_call *call)
{
    struct slice user = slice_str(redis->settings.username);
    struct slice words[3] = {SLICE("AUTH")};
    size_t count = 1;

    if (redis->credentials.password.len == 0)
        return;
    if (user.len > 0)
        words[count++] = user;
    words[count++] = buf_slice(&redis->credentials.password);
    say(redis, call, words, count);
}

void redis_greet(struct redis *redis)
{
    struct buf database = {0};

    buf_add_u64(&database, (uint64_t)redis->settings.database);
    const struct slice select[] = {SLICE("SELECT"), buf_slice(&database)};
    say_login(redis, &redis->greeting.login);
    if (redis->settings.database > 0)
        say(redis, &redis->greeting.select, select, 2);
    say(redis, &redis->greeting.role, &SLICE("ROLE"), 1);
    say(redis, &redis->greeting.ping, &SLICE("PING"), 1);
    buf_free(&database);
}

void redis_greeting_init(struct redis *redis)
{
    redis->greeting = (struct redis_greeting){
        .login = {.on_reply = on_login, .owner = redis},
        .select = {.on_reply = on_selected, .owner = redis},
        .role = {.on_reply = on_role, .owner = redis},
        .ping = {.on_reply = on_greeted, .owner = redis},
    };
}

void redis_renew(struct redis *redis)
{
    struct err err;

    /* A login that is refused leaves the connection with the one it has. */
    if (redis->state == REDIS_STATE_UP &&
        redis_credentials_refresh(&redis->credentials, &redis->settings, &err) == 0)
        say_login(redis, NULL);
}
