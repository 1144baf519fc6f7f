/* SPDX-License-Identifier: Apache-2.0
 * The way through a proxy, with a proxy of our own that says what the test says: what it is told,
 * whose octets are whose, whose fault an end is, and that somebody who left is not called. */
#include "unit/net/peer.h"

#include <unistd.h>

#include "base/xalloc.h"
#include "sender/tunnel.h"
#include "unit/base/private_file.h"

#define ASKED   "\x05\x01\x00\x05\x01\x00\x01\xc6\x33\x64\x01\x00\x19" /* 198.51.100.1:25 */
#define ALLOWED "\x05\x00\x00\x01\xc0\x00\x02\x07\xdc\x04"             /* from 192.0.2.7 */

/* ---- instead of net/lookup.c: the system knows two.test, at two addresses, and no other name ----
 */

struct net_lookup {
    struct loop *loop;
    const struct net_lookup_ops *ops;
    void *owner;
    bool is_known;
    uint16_t port;
    struct loop_later answer;
};

static void answer_lookup(void *owner)
{
    struct net_lookup *lookup = owner;
    struct net_address found[2] = {peer_loopback(lookup->port), peer_loopback(lookup->port)};

    found[0].v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 2);
    lookup->ops->on_found(lookup->owner, found, lookup->is_known ? 2 : 0, "it is not known");
    xfree(lookup);
}

struct net_lookup *net_lookup_start(struct loop *loop, const char *host, uint16_t port,
                                    const struct net_lookup_ops *ops, void *owner)
{
    struct net_lookup *lookup = xalloc(sizeof *lookup);

    *lookup = (struct net_lookup){.loop = loop,
                                  .ops = ops,
                                  .owner = owner,
                                  .is_known = strcmp(host, "two.test") == 0,
                                  .port = port};
    loop_later(loop, &lookup->answer, answer_lookup, lookup);
    return lookup;
}

void net_lookup_cancel(struct net_lookup **lookup)
{
    if (*lookup)
        loop_later_cancel((*lookup)->loop, &(*lookup)->answer);
    xfree(*lookup);
    *lookup = NULL;
}

struct scene {
    struct pair proxy; /* its listener and server */
    struct proxy_names *names;
    char address[SOURCE_PROXY_ADDRESS_MAX];
    struct source_proxy settings;
    struct tunnel_plan plan;
    struct tunnel *tunnel; /* NULL: it has ended */
    struct peer host;      /* what was handed over */
    size_t opened, failed;
    struct net_address local;
    enum proxy_fault fault;
    struct buf detail;
};

static void on_open(void *owner, struct stream *stream, const struct net_address *local)
{
    struct scene *scene = owner;

    scene->opened++;
    scene->tunnel = NULL;
    scene->local = *local;
    scene->host.stream = stream;
    stream_set_owner(stream, &PEER_OPS, &scene->host);
}

static void on_failed(void *owner, enum proxy_fault fault, const char *detail)
{
    struct scene *scene = owner;

    scene->failed++;
    scene->tunnel = NULL;
    scene->fault = fault;
    buf_clear(&scene->detail);
    buf_add_str(&scene->detail, detail);
}

static const struct tunnel_ops OPS = {.on_open = on_open, .on_failed = on_failed};

static void begin(struct scene *scene, enum source_proxy_kind kind)
{
    struct net_address at = peer_loopback(0);
    struct err err;

    *scene = (struct scene){.proxy = {.loop = loop_new()},
                            .settings = {kind, scene->address, "", ""},
                            .plan = {.timeout_ms = 5000}};
    assert_int_equal(listener_new(scene->proxy.loop, &at, &PAIR_OPS, &scene->proxy,
                                  &scene->proxy.listener, &err),
                     0);
    (void)net_address_text(listener_address(scene->proxy.listener), scene->address);
    scene->names = proxy_names_new(scene->proxy.loop);
    scene->plan.proxy = &scene->settings;
    assert_int_equal(net_address_parse(SLICE("198.51.100.1"), 25, &scene->plan.host, &err), 0);
    assert_int_equal(net_address_parse(SLICE("192.0.2.9"), 0, &scene->plan.source, &err), 0);
}

static void open_tunnel(struct scene *scene)
{
    scene->opened = scene->failed = 0;
    scene->tunnel = tunnel_open(scene->proxy.loop, scene->names, &scene->plan, &OPS, scene);
    assert_int_equal(scene->opened + scene->failed, 0); /* never from inside */
}

static void abort_peer(struct peer *peer)
{
    if (peer->stream)
        stream_abort(peer->stream);
}

static void end(struct scene *scene)
{
    tunnel_cancel(&scene->tunnel);
    abort_peer(&scene->host);
    abort_peer(&scene->proxy.server);
    WAIT_FOR(scene->proxy.loop, !scene->host.stream && !scene->proxy.server.stream);
    listener_free(&scene->proxy.listener);
    proxy_names_free(&scene->names);
    loop_free(&scene->proxy.loop);
    buf_free(&scene->host.received);
    buf_free(&scene->host.detail);
    buf_free(&scene->proxy.server.received);
    buf_free(&scene->proxy.server.detail);
    buf_free(&scene->detail);
}

/* The proxy has been told all of that; then it says this. */
static void converse(struct scene *scene, struct slice told, struct slice answer)
{
    struct peer *server = &scene->proxy.server;

    WAIT_FOR(scene->proxy.loop, slice_eq(buf_slice(&server->received), told));
    stream_write(server->stream, answer);
}

static void expect_failure(struct scene *scene, enum proxy_fault fault, const char *why)
{
    struct buf expected = {0};

    WAIT_FOR(scene->proxy.loop, scene->failed == 1);
    assert_int_equal(scene->fault, fault);
    buf_addf(&expected, "proxy %s: %s", scene->settings.address, why);
    assert_string_equal(buf_str(&scene->detail), buf_str(&expected));
    assert_int_equal(scene->opened, 0);
    buf_free(&expected);
}

static void expect_local(const struct scene *scene, const char *ip)
{
    char text[NET_ADDRESS_TEXT];

    assert_string_equal(net_address_ip(&scene->local, text), ip);
}

static void test_socks5_leaves_the_hosts_octets(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    open_tunnel(&scene);
    converse(&scene, SLICE("\x05\x01\x00"), SLICE("\x05\x00"));
    converse(&scene, SLICE(ASKED), SLICE(ALLOWED "220 mx\r\n"));
    WAIT_FOR(scene.proxy.loop, peer_has(&scene.host, "220 mx\r\n"));
    assert_int_equal(scene.opened, 1);
    expect_local(&scene, "192.0.2.7");
    buf_clear(&scene.proxy.server.received);
    stream_write(scene.host.stream, SLICE("EHLO x\r\n"));
    WAIT_FOR(scene.proxy.loop, peer_has(&scene.proxy.server, "EHLO x\r\n"));
    end(&scene);
}

static void test_haproxy_is_told_before_anything_else(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_HAPROXY);
    open_tunnel(&scene);
    converse(&scene,
             SLICE("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x09\xc6\x33\x64\x01\x00\x00"
                   "\x00\x19"),
             SLICE("220 mx\r\n"));
    WAIT_FOR(scene.proxy.loop, peer_has(&scene.host, "220 mx\r\n"));
    assert_int_equal(scene.opened, 1);
    expect_local(&scene, "192.0.2.9");
    end(&scene);
}

static void test_a_password_comes_from_its_file_each_time(void **state)
{
    char path[PRIVATE_FILE_PATH];
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    private_file_new(path, SLICE("first\n"));
    scene.settings.username = "relay";
    scene.settings.password_file = path;
    open_tunnel(&scene);
    converse(&scene, SLICE("\x05\x01\x02"), SLICE("\x05\x02"));
    converse(&scene,
             SLICE("\x05\x01\x02\x01\x05relay\x05"
                   "first"),
             SLICE("\x01\x01"));
    expect_failure(&scene, PROXY_FAULT_ITSELF, "it refused the user name or password");
    WAIT_FOR(scene.proxy.loop, !scene.proxy.server.stream);
    scene.proxy.server.closed = 0;
    buf_clear(&scene.proxy.server.received);
    private_file_replace(path, SLICE("other"));
    open_tunnel(&scene);
    converse(&scene, SLICE("\x05\x01\x02"), SLICE("\x05\x02"));
    converse(&scene, SLICE("\x05\x01\x02\x01\x05relay\x05other"), SLICE("\x01\x00"));
    (void)unlink(path);
    end(&scene);
}

static void test_a_password_that_cannot_be_had(void **state)
{
    char path[PRIVATE_FILE_PATH], longest[SOURCE_PROXY_LOGIN_MAX + 1];
    struct buf why = {0};
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    memset(longest, 'x', sizeof longest);
    private_file_new(path, slice_of(longest, sizeof longest));
    scene.settings.username = "relay";
    scene.settings.password_file = path;
    open_tunnel(&scene);
    buf_addf(&why, "the password in %s has more than 255 octets", path);
    expect_failure(&scene, PROXY_FAULT_ITSELF, buf_str(&why));
    (void)unlink(path);
    open_tunnel(&scene);
    WAIT_FOR(scene.proxy.loop, scene.failed == 1);
    assert_int_equal(scene.fault, PROXY_FAULT_ITSELF);
    assert_non_null(strstr(buf_str(&scene.detail), path));
    assert_int_equal(scene.proxy.server.received.len, 0);
    buf_free(&why);
    end(&scene);
}

static void test_an_answer_decides_whose_fault_it_is(void **state)
{
    static const struct {
        struct slice answer;
        enum proxy_fault fault;
        const char *why;
    } ROWS[] = {
        {SLICE("\x05\x02\x00\x01\0\0\0\0\0\0"), PROXY_FAULT_TARGET,
         "its rules do not allow the connection"},
        {SLICE("\x05\x05\x00\x01\0\0\0\0\0\0"), PROXY_FAULT_HOST,
         "the host refused the connection"},
        {SLICE("220 mx\r\n"), PROXY_FAULT_ITSELF, "its answer to CONNECT cannot be read"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct scene scene;
        begin(&scene, SOURCE_PROXY_SOCKS5);
        open_tunnel(&scene);
        converse(&scene, SLICE("\x05\x01\x00"), SLICE("\x05\x00"));
        converse(&scene, SLICE(ASKED), ROWS[i].answer);
        expect_failure(&scene, ROWS[i].fault, ROWS[i].why);
        end(&scene);
    }
}

static void test_a_proxy_that_is_away(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    listener_free(&scene.proxy.listener);
    open_tunnel(&scene);
    expect_failure(&scene, PROXY_FAULT_ITSELF, "connecting failed: connection refused");
    scene.settings.address = "none.test:1080";
    open_tunnel(&scene);
    expect_failure(&scene, PROXY_FAULT_ITSELF, "it is not known");
    scene.settings.address = "two.test:1";
    open_tunnel(&scene);
    expect_failure(&scene, PROXY_FAULT_ITSELF, "connecting failed: connection refused");
    end(&scene);
}

/* The proxy listens at the second one. */
static void test_every_address_of_a_name_is_tried(void **state)
{
    struct buf address = {0};
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    buf_addf(&address, "two.test:%d", net_address_port(listener_address(scene.proxy.listener)));
    scene.settings.address = buf_str(&address);
    open_tunnel(&scene);
    converse(&scene, SLICE("\x05\x01\x00"), SLICE("\x05\x00"));
    converse(&scene, SLICE(ASKED), SLICE(ALLOWED));
    WAIT_FOR(scene.proxy.loop, scene.opened == 1);
    buf_free(&address);
    end(&scene);
}

static void test_a_proxy_that_hangs_up(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    open_tunnel(&scene);
    converse(&scene, SLICE("\x05\x01\x00"), SLICE("\x05"));
    stream_close(scene.proxy.server.stream);
    expect_failure(&scene, PROXY_FAULT_ITSELF, "the peer closed the connection");
    end(&scene);
}

/* One deadline over all of it: silent before it was asked, it is the proxy; later it is the host.
 */
static void test_a_proxy_that_says_nothing(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    scene.plan.timeout_ms = 100;
    open_tunnel(&scene);
    expect_failure(&scene, PROXY_FAULT_ITSELF, "it did not answer in time");
    WAIT_FOR(scene.proxy.loop, !scene.proxy.server.stream);
    scene.proxy.server.closed = 0;
    buf_clear(&scene.proxy.server.received);
    scene.plan.timeout_ms = 1000;
    open_tunnel(&scene);
    converse(&scene, SLICE("\x05\x01\x00"), SLICE("\x05\x00"));
    expect_failure(&scene, PROXY_FAULT_HOST, "the host did not answer in time");
    end(&scene);
}

static void test_who_left_is_not_called(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, SOURCE_PROXY_SOCKS5);
    open_tunnel(&scene); /* before the proxy's address is known */
    tunnel_cancel(&scene.tunnel);
    open_tunnel(&scene); /* as soon as there is a connection */
    WAIT_FOR(scene.proxy.loop, scene.proxy.server.stream);
    tunnel_cancel(&scene.tunnel);
    WAIT_FOR(scene.proxy.loop, !scene.proxy.server.stream);
    scene.proxy.server.closed = 0;
    buf_clear(&scene.proxy.server.received);
    open_tunnel(&scene); /* in the middle of the talk */
    WAIT_FOR(scene.proxy.loop, scene.proxy.server.received.len == 3);
    tunnel_cancel(&scene.tunnel);
    WAIT_FOR(scene.proxy.loop, !scene.proxy.server.stream);
    assert_int_equal(scene.opened + scene.failed, 0);
    end(&scene);
}

/* ---- names ---- */

struct waiting {
    struct proxy_wait wait;
    struct net_address found;
    size_t told;
};

static void on_found(void *owner, const struct net_address *found, size_t count, const char *why)
{
    struct waiting *waiting = owner;

    (void)why;
    assert_true(count > 0);
    waiting->told++;
    waiting->found = found[0];
}

static void find(struct proxy_names *names, struct waiting *waiting)
{
    *waiting = (struct waiting){.wait = {.owner = waiting, .on_found = on_found}};
    proxy_names_find(names, SLICE("two.test"), 1080, &waiting->wait);
    assert_int_equal(waiting->told, 0);
}

static void test_a_name_is_looked_up_for_all_who_wait(void **state)
{
    struct loop *loop = loop_new();
    struct proxy_names *names = proxy_names_new(loop);
    struct waiting first, second, gone, later;

    (void)state;
    find(names, &first);
    find(names, &gone);
    find(names, &second);
    proxy_wait_cancel(&gone.wait);
    WAIT_FOR(loop, first.told && second.told);
    assert_int_equal(net_address_port(&first.found), 1080);
    find(names, &later); /* from what is known */
    loop_turn(loop, 0);
    assert_int_equal(later.told, 1);
    assert_false(net_address_eq(&first.found, &second.found)); /* in turn */
    assert_true(net_address_eq(&first.found, &later.found));
    assert_int_equal(first.told + second.told + gone.told, 2);
    proxy_names_free(&names);
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_socks5_leaves_the_hosts_octets),
        cmocka_unit_test(test_haproxy_is_told_before_anything_else),
        cmocka_unit_test(test_a_password_comes_from_its_file_each_time),
        cmocka_unit_test(test_a_password_that_cannot_be_had),
        cmocka_unit_test(test_an_answer_decides_whose_fault_it_is),
        cmocka_unit_test(test_a_proxy_that_is_away),
        cmocka_unit_test(test_every_address_of_a_name_is_tried),
        cmocka_unit_test(test_a_proxy_that_hangs_up),
        cmocka_unit_test(test_a_proxy_that_says_nothing),
        cmocka_unit_test(test_who_left_is_not_called),
        cmocka_unit_test(test_a_name_is_looked_up_for_all_who_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
