/* SPDX-License-Identifier: Apache-2.0
 * What the files of lib/redis share about a connection. Not for other folders. */
#pragma once

#include "net/stream.h"
#include "redis/credentials.h"
#include "redis/nodes.h"
#include "redis/operations.h"
#include "redis/redis.h"
#include "redis/reply.h"

#define REDIS_SHA_LEN     40
#define REDIS_SCRIPTS_MAX 16

enum redis_state {
    REDIS_STATE_WAITING,    /* for the next attempt, or for a name to be found; no stream */
    REDIS_STATE_CONNECTING, /* a stream that is not connected yet */
    REDIS_STATE_GREETING,   /* AUTH, SELECT, ROLE, PING are outstanding */
    REDIS_STATE_UP,         /* commands are taken */
    REDIS_STATE_CLOSING,    /* aborted; on_closed of the stream is to come */
};

/* One reply that Redis owes us, in the order of the commands. */
struct redis_owed {
    struct redis_call *call; /* NULL: nobody waits */
    uint64_t deadline_ms;    /* on the loop's clock */
    uint64_t sent_us;        /* monotonic */
    struct redis_operation *operation;
};

/* A ring of a power of two. */
struct redis_owed_ring {
    struct redis_owed *at;
    size_t size, first, count;
};

/* What is known about a script of some caller. */
struct redis_known_script {
    const struct redis_script *script;
    char sha[REDIS_SHA_LEN];
    bool has_sha;
    bool is_loading;
    struct redis_call load;
};

struct redis_greeting {
    struct redis_call login, select, role, ping;
};

struct redis {
    struct loop *loop;
    struct redis_settings settings;
    const struct redis_ops *ops;
    void *owner;

    enum redis_state state;
    bool is_down_told;
    bool has_served; /* the latest connection was up */
    struct redis_nodes *nodes;
    struct redis_credentials credentials;
    struct stream *stream;
    const char *tls_name; /* that the certificate of this connection must have */
    struct redis_reply_reader *reader;
    struct loop_timer *reconnect;
    struct redis_greeting greeting;
    struct err why; /* of STATE_CLOSING */

    struct buf out; /* commands of this loop turn */
    struct loop_later flush;
    struct redis_owed_ring owed;
    struct loop_timer *oldest; /* fires near the deadline of the first owed reply */

    struct list refused; /* calls made while down: fail at the end of the turn */
    struct loop_later fail;

    struct redis_operations operations;
    struct redis_known_script scripts[REDIS_SCRIPTS_MAX];
    size_t script_count;
};

/* ---- redis.c ---- */

/* Ends the connection at the end of the turn, for the reason in redis->why. */
void redis_drop(struct redis *redis);
/* The greeting went well: commands are taken. */
void redis_greeted(struct redis *redis);

/* ---- greeting.c ---- */

void redis_greeting_init(struct redis *redis);
/* redis_greeted follows, or redis_drop. */
void redis_greet(struct redis *redis);

/* ---- command.c: encoding, order, deadlines ---- */

/* RESP2: the head of a command of `count` arguments, and one argument. */
void redis_put_head(struct buf *out, size_t count);
void redis_put_arg(struct buf *out, struct slice arg);
void redis_put_int(struct buf *out, int64_t arg);

/* A whole command was appended to redis->out: its reply goes to call (NULL: nobody). name: for the
 * figures. */
void redis_owe(struct redis *redis, struct redis_call *call, struct slice name);
struct redis_owed *redis_owed_first(struct redis *redis);
/* It is over, with a reply of that type. There is one; its call. */
struct redis_call *redis_owed_take_first(struct redis *redis, enum redis_type reply);
/* The call fires with REDIS_DOWN at the end of the turn. */
void redis_refuse(struct redis *redis, struct redis_call *call);
/* Fires on_reply, for the caller's eyes: after this the call is not lib/redis's any more. */
void redis_fire(struct redis_call *call, const struct redis_value *value);

/* ---- scripts.c ---- */

/* Takes the tail (encoded: number of keys, keys, arguments: tail_count of them) away from it. */
void redis_run_tail(struct redis *redis, struct redis_call *call, const struct redis_script *script,
                    struct buf *tail, size_t tail_count);
/* True when the reply says NOSCRIPT and the call was sent again with its source. */
bool redis_script_repeats(struct redis *redis, struct redis_call *call,
                          const struct redis_value *value);
