/* SPDX-License-Identifier: Apache-2.0
 * Set-up and end of a test with a server, a loop and a connection. */
#include "unit/redis/fixture.h"

static void on_up(void *owner)
{
    struct fixture *fixture = owner;

    fixture->ups++;
}

static void on_down(void *owner, const char *why)
{
    struct fixture *fixture = owner;
    struct slice text = slice_str(why);

    assert_true(text.len < sizeof fixture->why);
    memcpy(fixture->why, text.at, text.len + 1);
    fixture->downs++;
}

static const struct redis_ops OPS = {.on_up = on_up, .on_down = on_down};

void fixture_open(struct fixture *fixture, const char *const *options,
                  const struct redis_settings *settings)
{
    struct redis_settings plain = {.password = "", .timeout_ms = 5000, .reconnect_ms = 20};

    if (!settings)
        settings = &plain;
    plain = *settings;
    *fixture = (struct fixture){.loop = loop_new()};
    private_redis_start(&fixture->server, options);
    plain.address = buf_str(&fixture->server.address);
    fixture->redis = redis_new(fixture->loop, &plain, &OPS, fixture);
}

void fixture_begin(struct fixture *fixture, const char *const *options)
{
    fixture_open(fixture, options, NULL);
    WAIT_FOR(fixture->loop, fixture->ups == 1);
    fixture->downs = 0; /* it may have been early for the server */
}

void fixture_end(struct fixture *fixture)
{
    redis_free(&fixture->redis);
    loop_free(&fixture->loop);
    private_redis_end(&fixture->server);
    buf_free(&fixture->reply.text);
}

const char *fixture_ask(struct fixture *fixture, const char *command)
{
    private_redis_ask(fixture->loop, fixture->redis, command, &fixture->reply);
    return fixture->reply.text.at;
}
