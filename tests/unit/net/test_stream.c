/* SPDX-License-Identifier: Apache-2.0
 * Plain streams: reading, pausing, changing the owner, and every way to close. */
#include "unit/net/peer.h"

#include <sys/socket.h>
#include <unistd.h>

static void close_stream(struct peer *peer)
{
    PEER_CALL(peer, stream_close(peer->stream));
}

static void test_bytes_travel_both_ways(void **state)
{
    struct pair *pair = *state;
    const struct slice parts[] = {SLICE("220 "), SLICE(""), SLICE("hello"), SLICE("\r\n")};

    PEER_CALL(&pair->server, stream_writev(pair->server.stream, parts, 4));
    PEER_CALL(&pair->client, stream_write(pair->client.stream, SLICE("EHLO x\r\n")));
    WAIT_FOR(pair->loop, peer_has(&pair->client, "220 hello\r\n"));
    WAIT_FOR(pair->loop, peer_has(&pair->server, "EHLO x\r\n"));
    assert_int_equal(pair->client.drained, 0); /* nothing ever waited */
    assert_false(stream_is_tls(pair->client.stream));
    assert_string_equal(stream_tls_version(pair->client.stream), "");
}

static void test_addresses_are_each_others(void **state)
{
    struct pair *pair = *state;
    const struct stream *client = pair->client.stream, *server = pair->server.stream;

    assert_true(net_address_eq(stream_peer(client), stream_local(server)));
    assert_true(net_address_eq(stream_local(client), stream_peer(server)));
    assert_true(net_address_eq(stream_peer(client), listener_address(pair->listener)));
}

static void test_close_reports_local_here_and_eof_there(void **state)
{
    struct pair *pair = *state;

    stream_write(pair->client.stream, SLICE("QUIT\r\n"));
    PEER_CALL(&pair->client, stream_close(pair->client.stream));
    PEER_CALL(&pair->client, stream_close(pair->client.stream));
    PEER_CALL(&pair->client, stream_write(pair->client.stream, SLICE("too late")));
    assert_int_equal(pair->client.closed, 0);
    WAIT_FOR(pair->loop, pair->client.closed && pair->server.closed);
    assert_int_equal(pair->client.reason, STREAM_LOCAL);
    assert_int_equal(pair->server.reason, STREAM_EOF);
    assert_true(peer_has(&pair->server, "QUIT\r\n"));
}

static void test_abort_closes_by_the_end_of_the_turn(void **state)
{
    struct pair *pair = *state;

    PEER_CALL(&pair->client, stream_abort(pair->client.stream));
    assert_int_equal(pair->client.closed, 0);
    loop_turn(pair->loop, 0);
    assert_int_equal(pair->client.closed, 1);
    assert_int_equal(pair->client.reason, STREAM_LOCAL);
    WAIT_FOR(pair->loop, pair->server.closed);
}

static void test_close_from_inside_on_read(void **state)
{
    struct pair *pair = *state;

    pair->server.on_bytes = close_stream;
    stream_write(pair->client.stream, SLICE("QUIT\r\n"));
    WAIT_FOR(pair->loop, pair->client.closed && pair->server.closed);
    assert_int_equal(pair->server.reason, STREAM_LOCAL);
    assert_int_equal(pair->client.reason, STREAM_EOF);
}

/* A bare socket takes the client's place. */
static int connect_bare(struct pair *pair)
{
    struct net_address at = *listener_address(pair->listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    stream_abort(pair->server.stream);
    WAIT_FOR(pair->loop, pair->server.closed);
    pair->server = (struct peer){.detail = pair->server.detail};
    buf_clear(&pair->server.detail);
    assert_int_equal(connect(fd, &at.any, net_address_size(&at)), 0);
    WAIT_FOR(pair->loop, pair->server.stream);
    return fd;
}

static void test_what_is_owed_is_written_after_the_end_of_input(void **state)
{
    struct pair *pair = *state;
    int fd = connect_bare(pair);
    char answer[8];

    pair->server.owes = true;
    assert_int_equal(write(fd, "QUIT\r\n", 6), 6);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    WAIT_FOR(pair->loop, pair->server.ended);
    assert_true(peer_has(&pair->server, "QUIT\r\n"));
    stream_pause(pair->server.stream); /* no second end */
    stream_resume(pair->server.stream);
    for (int i = 0; i < 3; i++)
        loop_turn(pair->loop, 10);
    assert_int_equal(pair->server.ended, 1);
    assert_int_equal(pair->server.closed, 0);
    stream_write(pair->server.stream, SLICE("221 bye"));
    stream_close(pair->server.stream);
    WAIT_FOR(pair->loop, pair->server.closed);
    assert_int_equal(read(fd, answer, sizeof answer), 7);
    assert_int_equal(read(fd, answer, sizeof answer), 0);
    assert_int_equal(close(fd), 0);
}

static void test_reset_by_the_peer_is_reported(void **state)
{
    struct pair *pair = *state;
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd = connect_bare(pair);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    assert_int_equal(close(fd), 0);
    WAIT_FOR(pair->loop, pair->server.closed);
    assert_int_equal(pair->server.reason, STREAM_RESET);
    assert_non_null(strstr(buf_str(&pair->server.detail), "reset"));
}

static void test_pause_holds_the_bytes_back(void **state)
{
    struct pair *pair = *state;

    PEER_CALL(&pair->server, stream_pause(pair->server.stream));
    stream_write(pair->client.stream, SLICE("MAIL"));
    for (int i = 0; i < 3; i++)
        loop_turn(pair->loop, 10);
    assert_int_equal(pair->server.received.len, 0);
    PEER_CALL(&pair->server, stream_resume(pair->server.stream));
    WAIT_FOR(pair->loop, peer_has(&pair->server, "MAIL"));
    /* Without input in between, and twice. */
    stream_pause(pair->server.stream);
    stream_resume(pair->server.stream);
    stream_resume(pair->server.stream);
    stream_write(pair->client.stream, SLICE(" FROM"));
    WAIT_FOR(pair->loop, peer_has(&pair->server, "MAIL FROM"));
}

/* Keeps one octet per read, and the next owner gets the rest. */
static void give_back(struct peer *peer)
{
    struct peer *next = peer->next;

    peer->received.len -= peer->bytes.len - 1;
    PEER_CALL(peer, stream_unread(peer->stream, slice_skip(peer->bytes, 1)));
    next->stream = peer->stream;
    stream_set_owner(peer->stream, &PEER_OPS, next);
}

static void test_what_is_given_back_goes_to_the_next_owner(void **state)
{
    struct pair *pair = *state;
    struct peer second = {.on_bytes = give_back}, third = {0};

    pair->server.next = &second;
    second.next = &third;
    pair->server.on_bytes = give_back;
    stream_write(pair->client.stream, SLICE("PS220"));
    WAIT_FOR(pair->loop, peer_has(&third, "220"));
    assert_true(peer_has(&pair->server, "P") && peer_has(&second, "S"));
    stream_set_owner(third.stream, &PEER_OPS, &pair->server);
    buf_free(&second.received);
    buf_free(&third.received);
}

static void pause_stream(struct peer *peer)
{
    stream_pause(peer->stream);
}

static void test_pause_from_inside_on_read_stops_more_of_it(void **state)
{
    struct pair *pair = *state;
    static const char BULK[300000];

    pair->server.on_bytes = pause_stream;
    stream_write(pair->client.stream, slice_of(BULK, sizeof BULK));
    WAIT_FOR(pair->loop, pair->server.received.len > 0);
    size_t first = pair->server.received.len;
    loop_turn(pair->loop, 10);
    assert_int_equal(pair->server.received.len, first);
    pair->server.on_bytes = NULL;
    stream_resume(pair->server.stream);
    WAIT_FOR(pair->loop, pair->server.received.len == sizeof BULK);
}

static void test_set_owner_moves_the_callbacks(void **state)
{
    struct pair *pair = *state;
    struct peer next = {.stream = pair->server.stream};

    stream_set_owner(pair->server.stream, &PEER_OPS, &next);
    pair->server.stream = NULL;
    stream_write(pair->client.stream, SLICE("x"));
    stream_close(pair->client.stream);
    WAIT_FOR(pair->loop, next.closed);
    assert_true(peer_has(&next, "x"));
    assert_int_equal(pair->server.closed, 0);
    buf_free(&next.received);
    buf_free(&next.detail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_travel_both_ways, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(test_addresses_are_each_others, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(test_close_reports_local_here_and_eof_there, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_abort_closes_by_the_end_of_the_turn, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_close_from_inside_on_read, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(test_what_is_owed_is_written_after_the_end_of_input,
                                        pair_open, pair_close),
        cmocka_unit_test_setup_teardown(test_reset_by_the_peer_is_reported, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(test_what_is_given_back_goes_to_the_next_owner, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_pause_holds_the_bytes_back, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(test_pause_from_inside_on_read_stops_more_of_it, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_set_owner_moves_the_callbacks, pair_open, pair_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
