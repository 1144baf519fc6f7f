/* SPDX-License-Identifier: Apache-2.0
 * Ends of a connection for tests. */
#include "unit/net/peer.h"

static void note(struct peer *peer)
{
    assert_false(peer->is_calling);
    assert_int_equal(peer->closed, 0);
}

static void on_connected(void *owner)
{
    struct peer *peer = owner;

    note(peer);
    peer->connected++;
}

static void on_secured(void *owner)
{
    struct peer *peer = owner;

    note(peer);
    peer->secured++;
}

static void on_read(void *owner, struct slice bytes)
{
    struct peer *peer = owner;

    note(peer);
    assert_true(bytes.len > 0);
    buf_add(&peer->received, bytes);
    peer->bytes = bytes;
    if (peer->on_bytes)
        peer->on_bytes(peer);
}

static void on_drained(void *owner)
{
    struct peer *peer = owner;

    note(peer);
    assert_int_equal(stream_pending(peer->stream), 0);
    peer->drained++;
}

static bool on_end(void *owner)
{
    struct peer *peer = owner;

    note(peer);
    peer->ended++;
    return peer->owes;
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct peer *peer = owner;

    note(peer);
    peer->closed++;
    peer->reason = reason;
    assert_true(strlen(detail) > 0);
    buf_add_str(&peer->detail, detail);
    peer->stream = NULL;
}

const struct stream_ops PEER_OPS = {on_connected, on_secured, on_read,
                                    on_drained,   on_end,     on_closed};

static void on_accept(void *owner, struct stream *stream)
{
    struct pair *pair = owner;

    assert_null(pair->server.stream);
    pair->server.stream = stream;
    stream_set_owner(stream, &PEER_OPS, &pair->server);
}

const struct listener_ops PAIR_OPS = {on_accept};

struct net_address peer_loopback(uint16_t port)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(SLICE("127.0.0.1"), port, &address, &err), 0);
    return address;
}

bool peer_has(struct peer *peer, const char *text)
{
    return slice_eq(buf_slice(&peer->received), slice_str(text));
}

static void release(struct peer *peer)
{
    buf_free(&peer->received);
    buf_free(&peer->detail);
}

int pair_open(void **state)
{
    static const struct pair EMPTY;
    struct net_address at = peer_loopback(0);
    struct pair *pair = test_malloc(sizeof *pair);
    struct err err;

    *pair = EMPTY;
    *state = pair;
    pair->loop = loop_new();
    if (listener_new(pair->loop, &at, &PAIR_OPS, pair, &pair->listener, &err) < 0)
        fail_msg("%s", err.text);
    PEER_CALL(&pair->client,
              pair->client.stream = stream_connect(pair->loop, listener_address(pair->listener),
                                                   NULL, PATIENCE_MS, &PEER_OPS, &pair->client));
    WAIT_FOR(pair->loop, pair->client.connected && pair->server.stream);
    return 0;
}

int pair_close(void **state)
{
    struct pair *pair = *state;

    if (pair->client.stream)
        stream_abort(pair->client.stream);
    if (pair->server.stream)
        stream_abort(pair->server.stream);
    WAIT_FOR(pair->loop, !pair->client.stream && !pair->server.stream);
    listener_free(&pair->listener);
    loop_free(&pair->loop);
    release(&pair->client);
    release(&pair->server);
    test_free(pair);
    return 0;
}
