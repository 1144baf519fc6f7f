/* SPDX-License-Identifier: Apache-2.0
 * Where to connect: names, several places, and only the primary. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redis/nodes.h"
#include "unit/redis/fixture.h"

/* Longer than a label may be: the resolver refuses it without asking anybody. */
#define NO_NAME "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.example"

struct places {
    struct loop *loop;
    size_t given, missing;
    struct redis_node latest;
    char why[200];
};

static void on_next(void *owner, const struct redis_node *node)
{
    struct places *places = owner;

    places->given++;
    places->latest = *node;
}

static void on_none(void *owner, const char *why)
{
    struct places *places = owner;

    places->missing++;
    (void)snprintf(places->why, sizeof places->why, "%s", why);
}

static const struct redis_nodes_ops OPS = {on_next, on_none};

/* The port of the next place; 0: the name was not found. */
static uint16_t next_port(struct places *places, struct redis_nodes *nodes)
{
    size_t before = places->given + places->missing, missing = places->missing;

    redis_nodes_next(nodes);
    assert_int_equal(places->given + places->missing, before); /* never from inside */
    WAIT_FOR(places->loop, places->given + places->missing > before);
    return places->missing > missing ? 0 : net_address_port(&places->latest.ip);
}

static void test_places_come_in_order_and_again(void **state)
{
    struct places places = {.loop = loop_new()};
    struct redis_nodes *nodes =
        redis_nodes_new(places.loop, "127.0.0.1:1, " NO_NAME ":2,[::1]:3", &OPS, &places);

    (void)state;
    for (size_t round = 0; round < 2; round++) {
        assert_int_equal(next_port(&places, nodes), 1);
        assert_false(redis_nodes_is_round_over(nodes));
        assert_int_equal(next_port(&places, nodes), 0);
        assert_non_null(strstr(places.why, NO_NAME));
        assert_int_equal(next_port(&places, nodes), 3);
        assert_string_equal(places.latest.host, "::1");
        assert_true(redis_nodes_is_round_over(nodes));
    }
    redis_nodes_repeat(nodes); /* the last one had served */
    assert_int_equal(next_port(&places, nodes), 3);
    redis_nodes_free(&nodes);
    loop_free(&places.loop);
}

static void test_a_name_is_looked_up(void **state)
{
    struct places places = {.loop = loop_new()};
    struct redis_nodes *nodes = redis_nodes_new(places.loop, "localhost:7", &OPS, &places);

    (void)state;
    assert_int_equal(next_port(&places, nodes), 7);
    assert_string_equal(places.latest.host, "localhost");
    assert_true(net_address_is_private(&places.latest.ip));
    redis_nodes_next(nodes);
    redis_nodes_free(&nodes); /* while the resolver is busy: nobody is called */
    size_t given = places.given;
    loop_free(&places.loop);
    assert_int_equal(places.given, given);
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

struct tcp_server {
    struct private_redis server;
    char port[8];
    const char *options[8];
};

static void start_tcp(struct tcp_server *tcp, const char *option, const char *first,
                      const char *second)
{
    *tcp = (struct tcp_server){
        .options = {"--port", tcp->port, "--bind", "127.0.0.1", option, first, second}};
    (void)snprintf(tcp->port, sizeof tcp->port, "%u", free_port());
    private_redis_start(&tcp->server, tcp->options);
}

static void count_up(void *owner)
{
    size_t *ups = owner;

    (*ups)++;
}

static const struct redis_ops UP_OPS = {.on_up = count_up};

static void test_only_the_primary_is_used(void **state)
{
    struct tcp_server replica, primary;
    struct private_redis_reply reply = {0};
    struct loop *loop = loop_new();
    struct redis_settings settings = {.password = "", .timeout_ms = 5000, .reconnect_ms = 20};
    struct buf address = {0};
    size_t ups = 0;

    (void)state;
    start_tcp(&replica, "--replicaof", "127.0.0.1", "1");
    start_tcp(&primary, NULL, NULL, NULL);
    buf_addf(&address, "localhost:%s,localhost:%s", replica.port, primary.port);
    settings.address = buf_str(&address);
    struct redis *redis = redis_new(loop, &settings, &UP_OPS, &ups);
    WAIT_FOR(loop, ups == 1);
    private_redis_ask(loop, redis, "SET n 1", &reply);
    assert_string_equal(reply.text.at, "OK");
    /* It becomes one: the write fails, and the search begins again. */
    private_redis_ask(loop, redis, "REPLICAOF 127.0.0.1 1", &reply);
    private_redis_ask(loop, redis, "SET n 2", &reply);
    assert_int_equal(reply.type, REDIS_ERROR);
    WAIT_FOR(loop, !redis_is_up(redis));
    private_redis_kill(&replica.server);
    replica.options[4] = NULL;
    private_redis_again(&replica.server);
    WAIT_FOR(loop, ups == 2);
    private_redis_ask(loop, redis, "CONFIG GET port", &reply);
    assert_non_null(strstr(reply.text.at, replica.port));
    redis_free(&redis);
    loop_free(&loop);
    private_redis_end(&replica.server);
    private_redis_end(&primary.server);
    buf_free(&reply.text);
    buf_free(&address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_come_in_order_and_again),
        cmocka_unit_test(test_a_name_is_looked_up),
        cmocka_unit_test(test_only_the_primary_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
