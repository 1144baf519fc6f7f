/* SPDX-License-Identifier: Apache-2.0
 * A pipelined, self-healing connection to the primary of one Redis, on a loop. hiredis only reads
 * replies; sockets are lib/net streams. Redis is an index that can be thrown away: every command
 * may fail, and callers go on without it. */
#pragma once

#include "base/buf.h"
#include "base/durations.h"
#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "net/loop.h"

struct redis;

struct redis_settings {
    const char *address;         /* "host:port,..." or "unix:/path": see redis/nodes.h */
    const char *username;        /* of an ACL; "" the default user */
    const char *password;        /* "" none */
    const char *password_file;   /* instead of password; read at each connect */
    const char *tls_ca;          /* PEM file; "" the system's */
    const char *tls_certificate; /* PEM files of our own; "" none */
    const char *tls_key;
    const char *tls_name; /* in the server's certificate; "" the host of the address */
    bool tls;
    int64_t database;
    int64_t timeout_ms;   /* of a command; the connection is dropped and re-opened after it */
    int64_t reconnect_ms; /* between rounds of attempts */
};

struct redis_ops {
    /* Connected (and authenticated) for the first time or again; scripts may have to be reloaded
     * (redis_script does it by itself). */
    void (*on_up)(void *owner);
    /* The connection is gone, after its outstanding commands have failed; also once when the first
     * attempt to connect fails. Never twice without an on_up between. why: valid during the call.
     */
    void (*on_down)(void *owner, const char *why);
};

/* ops may be NULL. The strings of the settings outlive it. Starts connecting. */
struct redis *redis_new(struct loop *loop, const struct redis_settings *settings,
                        const struct redis_ops *ops, void *owner);
/* Outstanding commands fire with REDIS_DOWN before it returns; on_down does not. Not from inside a
 * callback of this redis. NULL accepted, NULL set. */
void redis_free(struct redis **redis);
bool redis_is_up(const struct redis *redis);
/* The password may have changed: gives the new one on the connection there is, behind the commands
 * that are outstanding. Refused, the connection goes on with the old one. */
void redis_renew(struct redis *redis);

enum redis_type { REDIS_NIL, REDIS_INT, REDIS_TEXT, REDIS_ARRAY, REDIS_ERROR, REDIS_DOWN };

struct redis_value {
    enum redis_type type;
    int64_t number;            /* REDIS_INT */
    struct slice text;         /* REDIS_TEXT; REDIS_ERROR and REDIS_DOWN: a sentence */
    struct redis_value *items; /* REDIS_ARRAY */
    size_t count;
};

/* Owned by the caller, zero-initialised but for on_reply and owner; alive until on_reply. */
struct redis_call {
    /* Exactly once, never from inside. The value is valid during the call. REDIS_DOWN: not known
     * whether it was executed. */
    void (*on_reply)(void *owner, struct redis_call *call, const struct redis_value *value);
    void *owner;
    struct list_node node;             /* lib/redis's, from here on */
    const struct redis_script *script; /* for a repeat after NOSCRIPT */
    struct buf tail;                   /* its encoded arguments behind the script */
    size_t tail_count;
};

#define REDIS_REPLY_MAX_BYTES    ((size_t)32 * 1024 * 1024) /* more drops the connection */
#define REDIS_REPLY_MAX_ELEMENTS 65536

/* Arguments are copied. Commands of one loop turn leave in one write, in order. While down: fails
 * at the end of the turn with REDIS_DOWN. */
void redis_command(struct redis *redis, struct redis_call *call, const struct slice *args,
                   size_t count);
/* A command whose outcome nobody waits for (marks, trims); dropped while down. */
void redis_tell(struct redis *redis, const struct slice *args, size_t count);

/* A Lua script, a constant of the caller. EVALSHA, and EVAL after NOSCRIPT. */
struct redis_script {
    const char *name;   /* for people, and for the figures */
    const char *source; /* Lua */
};
void redis_run(struct redis *redis, struct redis_call *call, const struct redis_script *script,
               const struct slice *keys, size_t key_count, const struct slice *args,
               size_t arg_count);

/* ---- figures for metrics, since start ---- */

enum redis_result {
    REDIS_RESULT_OK,
    REDIS_RESULT_ERROR, /* a reply that says so */
    REDIS_RESULT_LOST,  /* none: the connection went first */
    REDIS_RESULTS
};
const char *redis_result_name(enum redis_result result);

#define REDIS_OPERATIONS_MAX   32
#define REDIS_OPERATION_LENGTH 24

struct redis_operation {               /* all of one name */
    char name[REDIS_OPERATION_LENGTH]; /* of the command or the script */
    struct durations took[REDIS_RESULTS];
};
/* Those that were sent; what was refused while down was not. Valid until the next call. */
size_t redis_operations(const struct redis *redis, const struct redis_operation **ret_operations);
