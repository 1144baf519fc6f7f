/* SPDX-License-Identifier: Apache-2.0
 * Writes that the socket does not take at once: order, back-pressure, and closing behind them. */
#include "unit/net/peer.h"

#include "base/xalloc.h"

#define BULK_BYTES ((size_t)16 * 1024 * 1024)

static char *bulk_new(void)
{
    char *bulk = xalloc(BULK_BYTES);

    for (size_t i = 0; i < BULK_BYTES; i++)
        bulk[i] = (char)(i * 31 + i / 251);
    return bulk;
}

static void assert_received(struct peer *peer, const char *bulk, const char *tail)
{
    assert_int_equal(peer->received.len, BULK_BYTES + strlen(tail));
    assert_memory_equal(peer->received.at, bulk, BULK_BYTES);
    assert_memory_equal(peer->received.at + BULK_BYTES, tail, strlen(tail));
}

static void test_big_write_waits_drains_and_keeps_its_order(void **state)
{
    struct pair *pair = *state;
    char *bulk = bulk_new();

    PEER_CALL(&pair->client, stream_write(pair->client.stream, slice_of(bulk, BULK_BYTES)));
    assert_true(stream_pending(pair->client.stream) > 0);
    size_t before = stream_pending(pair->client.stream);
    PEER_CALL(&pair->client, stream_write(pair->client.stream, SLICE("tail")));
    assert_int_equal(stream_pending(pair->client.stream), before + 4);
    WAIT_FOR(pair->loop, pair->server.received.len == BULK_BYTES + 4);
    WAIT_FOR(pair->loop, pair->client.drained > 0);
    assert_int_equal(stream_pending(pair->client.stream), 0);
    assert_received(&pair->server, bulk, "tail");
    xfree(bulk);
}

static void test_big_writev_of_many_parts_keeps_its_order(void **state)
{
    enum { PARTS = 1000 };
    struct pair *pair = *state;
    char *bulk = bulk_new();
    struct slice parts[PARTS];

    for (size_t i = 0; i < PARTS; i++) {
        size_t from = BULK_BYTES / PARTS * i;
        size_t to = i + 1 == PARTS ? BULK_BYTES : BULK_BYTES / PARTS * (i + 1);
        parts[i] = slice_of(bulk + from, to - from);
    }
    stream_writev(pair->client.stream, parts, PARTS);
    WAIT_FOR(pair->loop, pair->server.received.len == BULK_BYTES);
    assert_received(&pair->server, bulk, "");
    xfree(bulk);
}

static void test_paused_reader_pushes_back_on_the_writer(void **state)
{
    struct pair *pair = *state;
    char *bulk = bulk_new();

    stream_pause(pair->server.stream);
    stream_write(pair->client.stream, slice_of(bulk, BULK_BYTES));
    for (int i = 0; i < 5; i++)
        loop_turn(pair->loop, 10);
    assert_true(stream_pending(pair->client.stream) > 0);
    assert_int_equal(pair->client.drained, 0);
    stream_resume(pair->server.stream);
    WAIT_FOR(pair->loop, pair->client.drained == 1);
    WAIT_FOR(pair->loop, pair->server.received.len == BULK_BYTES);
    assert_received(&pair->server, bulk, "");
    xfree(bulk);
}

static void test_close_sends_what_is_pending_first(void **state)
{
    struct pair *pair = *state;
    char *bulk = bulk_new();

    stream_write(pair->client.stream, slice_of(bulk, BULK_BYTES));
    PEER_CALL(&pair->client, stream_close(pair->client.stream));
    WAIT_FOR(pair->loop, pair->client.closed && pair->server.closed);
    assert_int_equal(pair->client.reason, STREAM_LOCAL);
    assert_int_equal(pair->server.reason, STREAM_EOF);
    assert_received(&pair->server, bulk, "");
    xfree(bulk);
}

static void test_close_gives_up_on_a_peer_that_does_not_read(void **state)
{
    struct pair *pair = *state;
    char *bulk = bulk_new();
    uint64_t begun_ms = clock_monotonic_ms();

    stream_pause(pair->server.stream);
    stream_write(pair->client.stream, slice_of(bulk, BULK_BYTES));
    stream_close(pair->client.stream);
    WAIT_FOR(pair->loop, pair->client.closed);
    assert_in_range(clock_monotonic_ms() - begun_ms, 4900, PATIENCE_MS);
    assert_int_equal(pair->client.reason, STREAM_LOCAL);
    xfree(bulk);
}

static void test_abort_drops_what_is_pending(void **state)
{
    struct pair *pair = *state;
    char *bulk = bulk_new();

    stream_write(pair->client.stream, slice_of(bulk, BULK_BYTES));
    stream_abort(pair->client.stream);
    loop_turn(pair->loop, 0);
    assert_int_equal(pair->client.closed, 1);
    WAIT_FOR(pair->loop, pair->server.closed);
    assert_true(pair->server.received.len < BULK_BYTES);
    xfree(bulk);
}

static void test_write_to_a_gone_peer_closes_with_reset(void **state)
{
    struct pair *pair = *state;

    stream_pause(pair->client.stream); /* so that only writing can find out */
    stream_abort(pair->server.stream);
    WAIT_FOR(pair->loop, pair->server.closed);
    for (int i = 0; i < 1000 && pair->client.stream; i++) {
        PEER_CALL(&pair->client, stream_write(pair->client.stream, SLICE("x")));
        loop_turn(pair->loop, 1);
    }
    assert_int_equal(pair->client.closed, 1);
    assert_int_equal(pair->client.reason, STREAM_RESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_big_write_waits_drains_and_keeps_its_order, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_big_writev_of_many_parts_keeps_its_order, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_paused_reader_pushes_back_on_the_writer, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_close_sends_what_is_pending_first, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_close_gives_up_on_a_peer_that_does_not_read, pair_open,
                                        pair_close),
        cmocka_unit_test_setup_teardown(test_abort_drops_what_is_pending, pair_open, pair_close),
        cmocka_unit_test_setup_teardown(test_write_to_a_gone_peer_closes_with_reset, pair_open,
                                        pair_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
