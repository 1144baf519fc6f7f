/* SPDX-License-Identifier: Apache-2.0
 * Outgoing connections: refused, unanswered, from a source address, to a unix socket. */
#include "unit/net/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct out {
    struct loop *loop;
    struct peer peer;
};

static int open_out(void **state)
{
    static const struct out EMPTY;
    struct out *out = test_malloc(sizeof *out);

    *out = EMPTY;
    out->loop = loop_new();
    *state = out;
    return 0;
}

static int close_out(void **state)
{
    struct out *out = *state;

    if (out->peer.stream)
        stream_abort(out->peer.stream);
    WAIT_FOR(out->loop, !out->peer.stream);
    loop_free(&out->loop);
    buf_free(&out->peer.received);
    buf_free(&out->peer.detail);
    test_free(out);
    return 0;
}

static void start(struct out *out, const struct net_address *to, const struct net_address *source,
                  uint64_t timeout_ms)
{
    PEER_CALL(&out->peer, out->peer.stream = stream_connect(out->loop, to, source, timeout_ms,
                                                            &PEER_OPS, &out->peer));
}

/* A bound TCP socket on loopback; it listens when backlog >= 0. */
static int loopback_socket(int backlog, struct net_address *ret_at)
{
    struct net_address at = peer_loopback(0);
    socklen_t size = net_address_size(&at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, &at.any, size), 0);
    assert_int_equal(getsockname(fd, &at.any, &size), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *ret_at = at;
    return fd;
}

static void test_connect_refused(void **state)
{
    struct out *out = *state;
    struct net_address at;
    int fd = loopback_socket(-1, &at); /* bound, but nobody listens */

    start(out, &at, NULL, PATIENCE_MS);
    WAIT_FOR(out->loop, out->peer.closed);
    assert_int_equal(out->peer.reason, STREAM_REFUSED);
    assert_int_equal(out->peer.connected, 0);
    assert_int_equal(close(fd), 0);
}

/* A listener with a full backlog drops further SYNs: nobody answers. */
static void test_connect_unanswered_times_out(void **state)
{
    enum { FILLERS = 4 };
    struct out *out = *state;
    struct net_address at;
    int fd = loopback_socket(0, &at), fillers[FILLERS];

    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fillers[i], &at.any, net_address_size(&at)) < 0)
            assert_int_equal(errno, EINPROGRESS);
    }
    start(out, &at, NULL, 50);
    WAIT_FOR(out->loop, out->peer.closed);
    assert_int_equal(out->peer.reason, STREAM_TIMEOUT);
    for (int i = 0; i < FILLERS; i++)
        assert_int_equal(close(fillers[i]), 0);
    assert_int_equal(close(fd), 0);
}

static void test_connect_closed_before_it_is_connected(void **state)
{
    struct out *out = *state;
    struct net_address at;
    int fd = loopback_socket(8, &at);

    start(out, &at, NULL, PATIENCE_MS);
    stream_write(out->peer.stream, SLICE("never sent"));
    PEER_CALL(&out->peer, stream_close(out->peer.stream));
    WAIT_FOR(out->loop, out->peer.closed);
    assert_int_equal(out->peer.connected, 0);
    assert_int_equal(out->peer.reason, STREAM_LOCAL);
    assert_int_equal(close(fd), 0);
}

static void test_connect_from_a_source_and_write_early(void **state)
{
    struct out *out = *state;
    struct net_address at, source, from;
    struct err err;
    char text[NET_ADDRESS_TEXT], byte;
    int fd = loopback_socket(8, &at);
    socklen_t size = sizeof from;

    assert_int_equal(net_address_parse(SLICE("127.0.0.2"), 0, &source, &err), 0);
    start(out, &at, &source, PATIENCE_MS);
    stream_write(out->peer.stream, SLICE("!"));
    WAIT_FOR(out->loop, out->peer.connected);
    int accepted = accept(fd, &from.any, &size);
    assert_string_equal(net_address_ip(&from, text), "127.0.0.2");
    assert_string_equal(net_address_ip(stream_local(out->peer.stream), text), "127.0.0.2");
    assert_int_equal(read(accepted, &byte, 1), 1);
    assert_int_equal(byte, '!');
    assert_int_equal(close(accepted), 0);
    assert_int_equal(close(fd), 0);
}

static void test_connect_from_a_foreign_source_is_refused(void **state)
{
    struct out *out = *state;
    struct net_address at, source;
    struct err err;
    int fd = loopback_socket(8, &at);

    assert_int_equal(net_address_parse(SLICE("203.0.113.7"), 0, &source, &err), 0);
    start(out, &at, &source, PATIENCE_MS);
    assert_int_equal(out->peer.closed, 0);
    WAIT_FOR(out->loop, out->peer.closed);
    assert_int_equal(out->peer.reason, STREAM_REFUSED);
    assert_int_equal(close(fd), 0);
}

static void test_connect_unix_talks_to_a_unix_socket(void **state)
{
    struct out *out = *state;
    char folder[] = "/tmp/hikyaku-test-XXXXXX";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct buf path = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_non_null(mkdtemp(folder));
    buf_addf(&path, "%s/s", folder);
    memcpy(at.sun_path, buf_str(&path), path.len);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    PEER_CALL(&out->peer, out->peer.stream = stream_connect_unix(
                              out->loop, buf_str(&path), PATIENCE_MS, &PEER_OPS, &out->peer));
    WAIT_FOR(out->loop, out->peer.connected);
    int accepted = accept(fd, NULL, NULL);
    assert_int_equal(write(accepted, "+OK", 3), 3);
    WAIT_FOR(out->loop, peer_has(&out->peer, "+OK"));
    assert_int_equal(close(accepted), 0);
    WAIT_FOR(out->loop, out->peer.closed);
    assert_int_equal(out->peer.reason, STREAM_EOF);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(buf_str(&path)), 0);
    assert_int_equal(rmdir(folder), 0);
    buf_free(&path);
}

static void test_connect_unix_to_nothing_is_refused(void **state)
{
    struct out *out = *state;
    char path[200] = "/nonexistent/";

    PEER_CALL(&out->peer, out->peer.stream = stream_connect_unix(out->loop, path, PATIENCE_MS,
                                                                 &PEER_OPS, &out->peer));
    WAIT_FOR(out->loop, out->peer.closed);
    assert_int_equal(out->peer.reason, STREAM_REFUSED);

    out->peer.closed = 0;
    memset(path + strlen(path), 'x', sizeof path - 1 - strlen(path));
    PEER_CALL(&out->peer, out->peer.stream = stream_connect_unix(out->loop, path, PATIENCE_MS,
                                                                 &PEER_OPS, &out->peer));
    WAIT_FOR(out->loop, out->peer.closed);
    assert_int_equal(out->peer.reason, STREAM_REFUSED);
}

static void test_an_address_of_others_is_no_source(void **state)
{
    static const struct {
        const char *ip;
        bool is_ours;
    } ROWS[] = {{"127.0.0.2", true}, {"::1", true}, {"203.0.113.7", false}, {"2001:db8::7", false}};
    struct net_address address;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        assert_int_equal(net_address_parse(slice_str(ROWS[i].ip), 0, &address, &err), 0);
        if (stream_can_come_from(&address) != ROWS[i].is_ours)
            fail_msg("%s", ROWS[i].ip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connect_refused, open_out, close_out),
        cmocka_unit_test_setup_teardown(test_connect_unanswered_times_out, open_out, close_out),
        cmocka_unit_test_setup_teardown(test_connect_closed_before_it_is_connected, open_out,
                                        close_out),
        cmocka_unit_test_setup_teardown(test_connect_from_a_source_and_write_early, open_out,
                                        close_out),
        cmocka_unit_test_setup_teardown(test_connect_from_a_foreign_source_is_refused, open_out,
                                        close_out),
        cmocka_unit_test_setup_teardown(test_connect_unix_talks_to_a_unix_socket, open_out,
                                        close_out),
        cmocka_unit_test(test_an_address_of_others_is_no_source),
        cmocka_unit_test_setup_teardown(test_connect_unix_to_nothing_is_refused, open_out,
                                        close_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
