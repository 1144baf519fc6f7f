/* SPDX-License-Identifier: Apache-2.0
 * TLS on streams: handshakes that work and that must not, STARTTLS injection (RFC 3207), bulk. */
#include "unit/net/peer.h"

#include "base/xalloc.h"
#include "unit/net/certificate.h"

#define BULK_BYTES ((size_t)3 * 1024 * 1024 + 17)

struct secrets {
    struct certificate certificate;
    struct tls *server, *opportunistic, *verifying, *distrusting;
};

/* One pair over one set of contexts. */
struct fixture {
    struct pair *pair;
    const struct secrets *secrets;
};

static int make_secrets(void **state)
{
    struct secrets *s = test_malloc(sizeof *s);
    struct err err;

    certificate_new(&s->certificate);
    const char *ca = s->certificate.certificate_file;
    assert_int_equal(tls_new_server(ca, s->certificate.key_file, &s->server, &err), 0);
    assert_int_equal(tls_new_client(false, NULL, &s->opportunistic, &err), 0);
    assert_int_equal(tls_new_client(true, ca, &s->verifying, &err), 0);
    assert_int_equal(tls_new_client(true, NULL, &s->distrusting, &err), 0);
    *state = s;
    return 0;
}

static int drop_secrets(void **state)
{
    struct secrets *s = *state;

    tls_free(&s->server);
    tls_free(&s->opportunistic);
    tls_free(&s->verifying);
    tls_free(&s->distrusting);
    certificate_free(&s->certificate);
    test_free(s);
    return 0;
}

static int open_fixture(void **state)
{
    struct fixture *fixture = test_malloc(sizeof *fixture);
    void *pair;

    fixture->secrets = *state;
    (void)pair_open(&pair);
    fixture->pair = pair;
    *state = fixture;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *fixture = *state;
    void *pair = fixture->pair;

    (void)pair_close(&pair);
    test_free(fixture);
    return 0;
}

static void start(struct peer *peer, struct tls *tls, const char *name)
{
    PEER_CALL(peer, stream_start_tls(peer->stream, tls, name, PATIENCE_MS));
}

static void secure(const struct fixture *fixture, struct tls *client_tls, const char *name)
{
    struct pair *pair = fixture->pair;

    start(&pair->server, fixture->secrets->server, NULL);
    start(&pair->client, client_tls, name);
    WAIT_FOR(pair->loop, pair->client.secured && pair->server.secured);
}

static void test_opportunistic_tls_carries_bytes_both_ways(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;
    const struct slice parts[] = {SLICE("MAIL FROM:<>\r\n"), SLICE(""), SLICE("RCPT\r\n")};

    secure(fixture, fixture->secrets->opportunistic, "whatever.test");
    assert_true(stream_is_tls(pair->client.stream));
    assert_string_equal(stream_tls_version(pair->server.stream), "TLSv1.3");
    PEER_CALL(&pair->client, stream_writev(pair->client.stream, parts, 3));
    PEER_CALL(&pair->server, stream_write(pair->server.stream, SLICE("250 ok\r\n")));
    WAIT_FOR(pair->loop, peer_has(&pair->server, "MAIL FROM:<>\r\nRCPT\r\n"));
    WAIT_FOR(pair->loop, peer_has(&pair->client, "250 ok\r\n"));
    PEER_CALL(&pair->client, stream_close(pair->client.stream));
    WAIT_FOR(pair->loop, pair->client.closed && pair->server.closed);
    assert_int_equal(pair->client.reason, STREAM_LOCAL);
    assert_int_equal(pair->server.reason, STREAM_EOF);
}

/* The peer's side of TLS ends, then that of TCP. */
static void test_the_end_of_input_is_told_once(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    secure(fixture, fixture->secrets->opportunistic, "whatever.test");
    pair->server.owes = true;
    PEER_CALL(&pair->client, stream_close(pair->client.stream));
    WAIT_FOR(pair->loop, pair->client.closed && pair->server.ended);
    for (int i = 0; i < 3; i++)
        loop_turn(pair->loop, 10);
    assert_int_equal(pair->server.ended, 1);
    assert_int_equal(pair->server.closed, 0);
    PEER_CALL(&pair->server, stream_close(pair->server.stream));
    WAIT_FOR(pair->loop, pair->server.closed);
    assert_int_equal(pair->server.reason, STREAM_LOCAL);
}

static void test_verifying_accepts_the_right_name_and_address(void **state)
{
    const struct fixture *fixture = *state;

    secure(fixture, fixture->secrets->verifying, "mail.test");
}

static void test_verifying_accepts_an_ip_address(void **state)
{
    const struct fixture *fixture = *state;

    secure(fixture, fixture->secrets->verifying, "127.0.0.1");
}

static void expect_refusal(const struct fixture *fixture, struct tls *client_tls, const char *name)
{
    struct pair *pair = fixture->pair;

    start(&pair->server, fixture->secrets->server, NULL);
    start(&pair->client, client_tls, name);
    WAIT_FOR(pair->loop, pair->client.closed && pair->server.closed);
    assert_int_equal(pair->client.secured, 0);
    assert_int_equal(pair->client.reason, STREAM_TLS);
    assert_non_null(strstr(buf_str(&pair->client.detail), "TLS handshake failed"));
}

static void test_verifying_refuses_the_wrong_name(void **state)
{
    const struct fixture *fixture = *state;

    expect_refusal(fixture, fixture->secrets->verifying, "other.test");
    assert_non_null(strstr(buf_str(&fixture->pair->client.detail), "ostname mismatch"));
}

static void test_verifying_refuses_an_unknown_ca(void **state)
{
    const struct fixture *fixture = *state;

    expect_refusal(fixture, fixture->secrets->distrusting, "mail.test");
}

static void start_tls_inside(struct peer *peer)
{
    peer->on_bytes = NULL;
    start(peer, peer->tls, NULL);
}

/* The owner got these bytes in the same read as STARTTLS; were they fed to OpenSSL as well, the
 * handshake would fail. */
static void test_bytes_read_before_the_start_are_not_fed_to_tls(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    pair->server.tls = fixture->secrets->server;
    pair->server.on_bytes = start_tls_inside;
    stream_write(pair->client.stream, SLICE("STARTTLS\r\nMAIL FROM:<evil@test>\r\n"));
    WAIT_FOR(pair->loop, pair->server.received.len > 0);
    assert_true(peer_has(&pair->server, "STARTTLS\r\nMAIL FROM:<evil@test>\r\n"));
    start(&pair->client, fixture->secrets->opportunistic, "mail.test");
    WAIT_FOR(pair->loop, pair->client.secured && pair->server.secured);
    stream_write(pair->client.stream, SLICE("EHLO\r\n"));
    WAIT_FOR(pair->loop, slice_ends_nocase(buf_slice(&pair->server.received), SLICE("EHLO\r\n")));
    assert_true(peer_has(&pair->server, "STARTTLS\r\nMAIL FROM:<evil@test>\r\nEHLO\r\n"));
}

/* The header of a proxy, and the client's handshake behind it in the same read. */
static void start_tls_behind_the_header(struct peer *peer)
{
    peer->on_bytes = NULL;
    PEER_CALL(peer, stream_unread(peer->stream, slice_skip(peer->bytes, strlen("PROXY\r\n"))));
    buf_clear(&peer->received);
    start(peer, peer->tls, NULL);
}

static void test_what_is_given_back_belongs_to_tls(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    pair->server.tls = fixture->secrets->server;
    pair->server.on_bytes = start_tls_behind_the_header;
    stream_write(pair->client.stream, SLICE("PROXY\r\n"));
    start(&pair->client, fixture->secrets->opportunistic, "mail.test");
    WAIT_FOR(pair->loop, pair->client.secured && pair->server.secured);
    stream_write(pair->client.stream, SLICE("EHLO\r\n"));
    WAIT_FOR(pair->loop, peer_has(&pair->server, "EHLO\r\n"));
}

static void test_clear_text_after_the_start_is_never_delivered(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    start(&pair->server, fixture->secrets->server, NULL);
    stream_write(pair->client.stream, SLICE("MAIL FROM:<evil@test>\r\n"));
    WAIT_FOR(pair->loop, pair->server.closed);
    assert_int_equal(pair->server.reason, STREAM_TLS);
    assert_int_equal(pair->server.secured, 0);
    assert_int_equal(pair->server.received.len, 0);
}

static void test_clear_text_reply_behind_220_is_never_delivered(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    start(&pair->client, fixture->secrets->opportunistic, "mail.test");
    stream_write(pair->server.stream, SLICE("250 injected\r\n"));
    WAIT_FOR(pair->loop, pair->client.closed);
    assert_int_equal(pair->client.reason, STREAM_TLS);
    assert_int_equal(pair->client.received.len, 0);
}

static void test_silent_peer_runs_into_the_deadline(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    stream_start_tls(pair->server.stream, fixture->secrets->server, NULL, 30);
    stream_write(pair->server.stream, SLICE("not in clear text")); /* ignored */
    WAIT_FOR(pair->loop, pair->server.closed);
    assert_int_equal(pair->server.reason, STREAM_TIMEOUT);
    WAIT_FOR(pair->loop, pair->client.closed);
    assert_int_equal(pair->client.received.len, 0);
}

static void test_close_during_the_handshake(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    start(&pair->client, fixture->secrets->opportunistic, "mail.test");
    PEER_CALL(&pair->client, stream_close(pair->client.stream));
    WAIT_FOR(pair->loop, pair->client.closed);
    assert_int_equal(pair->client.reason, STREAM_LOCAL);
}

static void test_bulk_over_tls_with_back_pressure(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;
    char *bulk = xalloc(BULK_BYTES);

    for (size_t i = 0; i < BULK_BYTES; i++)
        bulk[i] = (char)(i * 31 + i / 251);
    secure(fixture, fixture->secrets->opportunistic, NULL);
    stream_pause(pair->server.stream);
    for (int i = 0; i < 8; i++)
        stream_write(pair->client.stream, slice_of(bulk, BULK_BYTES));
    assert_true(stream_pending(pair->client.stream) > 0);
    stream_resume(pair->server.stream);
    stream_close(pair->client.stream);
    WAIT_FOR(pair->loop, pair->client.closed && pair->server.closed);
    assert_int_equal(pair->server.received.len, 8 * BULK_BYTES);
    for (size_t i = 0; i < 8; i++)
        assert_memory_equal(pair->server.received.at + i * BULK_BYTES, bulk, BULK_BYTES);
    xfree(bulk);
}

static void echo(struct peer *peer)
{
    stream_write(peer->stream, buf_slice(&peer->received));
    buf_clear(&peer->received);
}

static void test_owner_may_write_inside_on_read(void **state)
{
    const struct fixture *fixture = *state;
    struct pair *pair = fixture->pair;

    secure(fixture, fixture->secrets->opportunistic, NULL);
    pair->server.on_bytes = echo;
    stream_write(pair->client.stream, SLICE("NOOP\r\n"));
    WAIT_FOR(pair->loop, peer_has(&pair->client, "NOOP\r\n"));
}

#define TLS_TEST(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TLS_TEST(test_opportunistic_tls_carries_bytes_both_ways),
        TLS_TEST(test_the_end_of_input_is_told_once),
        TLS_TEST(test_verifying_accepts_the_right_name_and_address),
        TLS_TEST(test_verifying_accepts_an_ip_address),
        TLS_TEST(test_verifying_refuses_the_wrong_name),
        TLS_TEST(test_verifying_refuses_an_unknown_ca),
        TLS_TEST(test_bytes_read_before_the_start_are_not_fed_to_tls),
        TLS_TEST(test_what_is_given_back_belongs_to_tls),
        TLS_TEST(test_clear_text_after_the_start_is_never_delivered),
        TLS_TEST(test_clear_text_reply_behind_220_is_never_delivered),
        TLS_TEST(test_silent_peer_runs_into_the_deadline),
        TLS_TEST(test_close_during_the_handshake),
        TLS_TEST(test_bulk_over_tls_with_back_pressure),
        TLS_TEST(test_owner_may_write_inside_on_read),
    };
    return cmocka_run_group_tests(tests, make_secrets, drop_secrets);
}
