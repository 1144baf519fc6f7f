/* SPDX-License-Identifier: Apache-2.0
 * A real redis-server for tests, on a unix socket in a folder of its own, and the loop turns to
 * wait for it. The server dies with the test, whatever happens. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "redis/redis.h"

#define PRIVATE_REDIS_WAIT_MS 10000

struct private_redis {
    char directory[64];
    struct buf socket, address; /* the path, and "unix:" before it */
    const char *const *options; /* more command line words, NULL-terminated, or NULL */
    pid_t pid;
};

/* Starts it; it accepts connections some ms later. */
void private_redis_start(struct private_redis *server, const char *const *options);
/* kill -9; everything in it is lost. Start it again with private_redis_again. */
void private_redis_kill(struct private_redis *server);
void private_redis_again(struct private_redis *server);
/* SIGSTOP and SIGCONT. */
void private_redis_freeze(struct private_redis *server);
void private_redis_thaw(struct private_redis *server);
/* Kills it and removes its folder. */
void private_redis_end(struct private_redis *server);

/* Turns the loop until *condition, or fails the test after PRIVATE_REDIS_WAIT_MS. */
void private_redis_until(struct loop *loop, const bool *condition);

/* One command, and its reply: the type, a number, and text; the items of an array are joined by
 * spaces in text. */
struct private_redis_reply {
    enum redis_type type;
    int64_t number;
    size_t count;
    struct buf text;
    bool is_done;
};
/* command: words between spaces. The reply is overwritten; free its text with buf_free. */
void private_redis_ask(struct loop *loop, struct redis *redis, const char *command,
                       struct private_redis_reply *reply);
