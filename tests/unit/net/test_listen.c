/* SPDX-License-Identifier: Apache-2.0
 * Listening: taken ports, pausing, and streams that nobody wants. */
#include "unit/net/peer.h"

#include <sys/socket.h>
#include <unistd.h>

struct door {
    struct loop *loop;
    struct listener *listener;
    int accepted;
    bool is_closing; /* free the listener inside on_accept */
};

static void on_accept(void *owner, struct stream *stream)
{
    struct door *door = owner;

    door->accepted++;
    stream_abort(stream);
    if (door->is_closing)
        listener_free(&door->listener);
}

static const struct listener_ops DOOR_OPS = {on_accept};

static int open_door(void **state)
{
    static const struct door EMPTY;
    struct net_address at = peer_loopback(0);
    struct door *door = test_malloc(sizeof *door);
    struct err err;

    *door = EMPTY;
    *state = door;
    door->loop = loop_new();
    return listener_new(door->loop, &at, &DOOR_OPS, door, &door->listener, &err);
}

static int close_door(void **state)
{
    struct door *door = *state;

    listener_free(&door->listener);
    loop_free(&door->loop);
    test_free(door);
    return 0;
}

static int knock(const struct door *door)
{
    struct net_address at = *listener_address(door->listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, &at.any, net_address_size(&at)), 0);
    return fd;
}

static void test_taken_port_is_named(void **state)
{
    struct door *door = *state;
    struct listener *second = NULL;
    char text[NET_ADDRESS_TEXT];
    struct err err;

    assert_true(net_address_port(listener_address(door->listener)) > 0);
    assert_int_equal(
        listener_new(door->loop, listener_address(door->listener), &DOOR_OPS, door, &second, &err),
        -1);
    assert_null(second);
    assert_int_equal(err.kind, ERR_INVALID);
    assert_non_null(strstr(err.text, "port taken"));
    assert_non_null(strstr(err.text, net_address_text(listener_address(door->listener), text)));
}

static void test_foreign_address_is_refused(void **state)
{
    struct door *door = *state;
    struct listener *second = NULL;
    struct net_address at;
    struct err err;

    assert_int_equal(net_address_parse(SLICE("203.0.113.7"), 0, &at, &err), 0);
    assert_int_equal(listener_new(door->loop, &at, &DOOR_OPS, door, &second, &err), -1);
    assert_int_equal(err.kind, ERR_INVALID);
}

static void test_aborted_in_on_accept_is_closed(void **state)
{
    struct door *door = *state;
    int fd = knock(door);
    char byte;

    WAIT_FOR(door->loop, door->accepted == 1);
    assert_int_equal(read(fd, &byte, 1), 0);
    assert_int_equal(close(fd), 0);
}

static void test_free_inside_on_accept(void **state)
{
    struct door *door = *state;
    int first = knock(door), second = knock(door);

    door->is_closing = true;
    WAIT_FOR(door->loop, door->accepted == 1);
    loop_turn(door->loop, 10);
    assert_int_equal(door->accepted, 1);
    assert_null(door->listener);
    assert_int_equal(close(first), 0);
    assert_int_equal(close(second), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_taken_port_is_named, open_door, close_door),
        cmocka_unit_test_setup_teardown(test_foreign_address_is_refused, open_door, close_door),
        cmocka_unit_test_setup_teardown(test_aborted_in_on_accept_is_closed, open_door, close_door),
        cmocka_unit_test_setup_teardown(test_free_inside_on_accept, open_door, close_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
