/* SPDX-License-Identifier: Apache-2.0
 * The HTTP server on a loop, asked over loopback. */
#include "unit/service/cases.h"

#include "net/stream.h"
#include "service/ops.h"

#define TURNS_MAX 2000

struct client {
    struct buf answer;
    struct stream *stream;
    const char *request;
    bool is_closed;
};

static void on_connected(void *owner)
{
    struct client *client = owner;
    stream_write(client->stream, slice_str(client->request));
}

static void on_read(void *owner, struct slice bytes)
{
    struct client *client = owner;
    buf_add(&client->answer, bytes);
}

static void on_closed(void *owner, enum stream_close reason, const char *detail)
{
    struct client *client = owner;

    (void)reason, (void)detail;
    client->is_closed = true;
}

static const struct stream_ops CLIENT_OPS = {
    .on_connected = on_connected,
    .on_read = on_read,
    .on_closed = on_closed,
};

static unsigned on_page(void *owner, const char *path, struct buf *out)
{
    (void)owner;
    if (strcmp(path, "/livez") != 0)
        return 404;
    buf_add_str(out, "alive\n");
    return 503;
}

static const struct ops_pages PAGES = {on_page, NULL};

static struct net_address any_port(void)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(SLICE("127.0.0.1"), 0, &address, &err), 0);
    return address;
}

static void ask(struct loop *loop, const struct ops *ops, struct client *client)
{
    client->stream = stream_connect(loop, ops_address(ops), NULL, 5000, &CLIENT_OPS, client);
    for (int i = 0; i < TURNS_MAX && !client->is_closed; i++)
        loop_turn(loop, 10);
    assert_true(client->is_closed);
}

static void expect(const char *request, const char *first_line, const char *body)
{
    const struct net_address at = any_port();
    struct loop *loop = loop_new();
    struct client client = {.request = request};
    struct ops *ops;
    struct err err;

    assert_int_equal(ops_new(loop, &at, &PAGES, &ops, &err), 0);
    ask(loop, ops, &client);
    struct slice answer = buf_slice(&client.answer);
    assert_true(slice_starts_nocase(answer, slice_str(first_line)));
    assert_true(slice_ends_nocase(answer, slice_str(body)));
    assert_non_null(strstr(buf_str(&client.answer),
                           "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    buf_free(&client.answer);
    ops_free(&ops);
    loop_free(&loop);
}

static void test_pages_are_served(void **state)
{
    (void)state;
    expect("GET /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 503 ", "\r\n\r\nalive\n");
    expect("GET /livez?verbose HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 503 ",
           "\r\n\r\nalive\n");
    expect("HEAD /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 503 ", "\r\n\r\n");
    expect("GET /other HTTP/1.0\r\n\r\n", "HTTP/1.1 404 ", "\r\n\r\n404\n");
    expect("DELETE /livez HTTP/1.0\r\n\r\n", "HTTP/1.1 405 ", "\r\n\r\n405\n");
}

static void test_taken_port_is_named(void **state)
{
    const struct net_address at = any_port();
    struct loop *loop = loop_new();
    struct ops *first, *second = NULL;
    char text[NET_ADDRESS_TEXT];
    struct err err;

    (void)state;
    assert_int_equal(ops_new(loop, &at, &PAGES, &first, &err), 0);
    assert_int_equal(ops_new(loop, ops_address(first), &PAGES, &second, &err), -1);
    assert_null(second);
    assert_int_equal(err.kind, ERR_INVALID);
    assert_non_null(strstr(err.text, net_address_text(ops_address(first), text)));
    assert_non_null(strstr(err.text, "Address already in use"));
    ops_free(&first);
    ops_free(&first);
    loop_free(&loop);
}

CASES_RUN(CASE(test_pages_are_served), CASE(test_taken_port_is_named))
