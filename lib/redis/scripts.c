/* SPDX-License-Identifier: Apache-2.0
 * Running Lua scripts. A script travels as source (EVAL) until Redis has told its SHA-1 by SCRIPT
 * LOAD, then by digest (EVALSHA). Redis forgets scripts at a restart or failover: NOSCRIPT makes
 * the call go out again with its source, which also teaches Redis the script anew. */
#include "base/assert.h"
#include "redis/internal.h"

static void on_loaded(void *owner, struct redis_call *call, const struct redis_value *value)
{
    struct redis_known_script *known = owner;

    (void)call;
    known->is_loading = false;
    if (value->type != REDIS_TEXT || value->text.len != REDIS_SHA_LEN)
        return;
    memcpy(known->sha, value->text.at, REDIS_SHA_LEN);
    known->has_sha = true;
}

static struct redis_known_script *find(struct redis *redis, const struct redis_script *script)
{
    for (size_t i = 0; i < redis->script_count; i++)
        if (redis->scripts[i].script == script)
            return &redis->scripts[i];
    ASSERT(redis->script_count < REDIS_SCRIPTS_MAX);
    struct redis_known_script *known = &redis->scripts[redis->script_count++];
    known->script = script;
    known->load = (struct redis_call){.on_reply = on_loaded, .owner = known};
    return known;
}

static void load(struct redis *redis, struct redis_known_script *known)
{
    struct slice args[] = {SLICE("SCRIPT"), SLICE("LOAD"), slice_str(known->script->source)};

    known->is_loading = true;
    redis_command(redis, &known->load, args, sizeof args / sizeof *args);
}

static void put_call(struct redis *redis, struct redis_call *call, struct slice verb,
                     struct slice script)
{
    redis_put_head(&redis->out, call->tail_count + 2);
    redis_put_arg(&redis->out, verb);
    redis_put_arg(&redis->out, script);
    buf_add(&redis->out, buf_slice(&call->tail));
    redis_owe(redis, call, slice_str(call->script->name));
}

void redis_run_tail(struct redis *redis, struct redis_call *call, const struct redis_script *script,
                    struct buf *tail, size_t tail_count)
{
    call->script = script;
    call->tail = *tail;
    call->tail_count = tail_count;
    *tail = (struct buf){0};
    if (redis->state != REDIS_STATE_UP) {
        redis_refuse(redis, call);
        return;
    }
    struct redis_known_script *known = find(redis, script);
    if (known->has_sha) {
        put_call(redis, call, SLICE("EVALSHA"), slice_of(known->sha, REDIS_SHA_LEN));
        return;
    }
    if (!known->is_loading)
        load(redis, known);
    put_call(redis, call, SLICE("EVAL"), slice_str(script->source));
}

bool redis_script_repeats(struct redis *redis, struct redis_call *call,
                          const struct redis_value *value)
{
    if (!call->script || value->type != REDIS_ERROR ||
        !slice_starts_nocase(value->text, SLICE("NOSCRIPT")))
        return false;
    put_call(redis, call, SLICE("EVAL"), slice_str(call->script->source));
    return true;
}

void redis_run(struct redis *redis, struct redis_call *call, const struct redis_script *script,
               const struct slice *keys, size_t key_count, const struct slice *args,
               size_t arg_count)
{
    struct buf tail = {0};

    redis_put_int(&tail, (int64_t)key_count);
    for (size_t i = 0; i < key_count; i++)
        redis_put_arg(&tail, keys[i]);
    for (size_t i = 0; i < arg_count; i++)
        redis_put_arg(&tail, args[i]);
    redis_run_tail(redis, call, script, &tail, 1 + key_count + arg_count);
}
