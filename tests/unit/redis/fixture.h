/* SPDX-License-Identifier: Apache-2.0
 * What the tests of lib/redis begin with: a server, a loop and a connection that is up. */
#pragma once

#include "unit/net/cases.h"
#include "unit/redis/private_redis.h"

struct fixture {
    struct private_redis server;
    struct loop *loop;
    struct redis *redis;
    struct private_redis_reply reply; /* of the latest fixture_ask */
    size_t ups, downs;
    char why[320]; /* of the latest down */
};

/* options: for the command line of redis-server, or NULL. settings: address is filled in; NULL for
 * plain ones. Does not wait for the connection. */
void fixture_open(struct fixture *fixture, const char *const *options,
                  const struct redis_settings *settings);
/* fixture_open with plain settings, and waits until it is up. */
void fixture_begin(struct fixture *fixture, const char *const *options);
void fixture_end(struct fixture *fixture);
/* Words between spaces; returns the text of the reply (see private_redis_ask). */
const char *fixture_ask(struct fixture *fixture, const char *command);
