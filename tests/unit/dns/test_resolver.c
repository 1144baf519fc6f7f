/* SPDX-License-Identifier: Apache-2.0
 * The resolver against a real name server on loopback. */
#include "unit/net/cases.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "dns/resolver.h"
#include "unit/dns/nsd.h"

#define RECORDS                                                                                    \
    "@ MX 10 mx1\n@ MX 20 MX2\n@ MX 10 Mx.Other.Test.\n"                                           \
    "null MX 0 .\n"                                                                                \
    "alias CNAME target\ntarget MX 5 mx1\ntarget A 192.0.2.7\n"                                    \
    "dangling CNAME nowhere\n"                                                                     \
    "mx1 A 192.0.2.1\nmx1 A 192.0.2.2\nmx1 AAAA 2001:db8::1\n"                                     \
    "v4 A 192.0.2.4\nv6 AAAA 2001:db8::6\n"                                                        \
    "nodata TXT \"no mail here\"\n"                                                                \
    "half MX 10 bad\\032host\nhalf MX 20 mx1\n"                                                    \
    "garbage MX 10 bad\\032host\n"

struct fixture {
    struct nsd nsd;
    struct loop *loop;
    struct resolver *resolver;
    int mute; /* a UDP socket that nobody reads */
    uint16_t mute_port;
    struct buf stubs[3];
};

/* What an answer said, kept beyond the call. */
struct seen {
    int answers;
    enum dns_status status;
    struct buf text; /* "10 mx1.example.test 20 ..." or "192.0.2.1 ..." */
    struct buf detail;
    size_t count;
};

static void on_answer(void *owner, const struct dns_answer *answer)
{
    struct seen *seen = owner;
    char ip[NET_ADDRESS_TEXT];

    seen->answers++;
    seen->status = answer->status;
    seen->count = answer->count;
    assert_false(answer->is_secure);
    buf_add_str(&seen->detail, answer->detail);
    for (size_t i = 0; i < answer->count; i++) {
        bool is_mx = answer->mx && answer->mx[i].host.at;
        if (is_mx)
            buf_addf(&seen->text, "%u %.*s\n", answer->mx[i].preference,
                     SLICE_ARGS(answer->mx[i].host));
        else
            buf_addf(&seen->text, "%s\n", net_address_ip(&answer->addresses[i], ip));
    }
}

static void forget(struct seen *seen)
{
    buf_free(&seen->text);
    buf_free(&seen->detail);
}

static void many_records(struct buf *records)
{
    buf_add_str(records, RECORDS);
    for (int i = 0; i < 120; i++)
        buf_addf(records, "many MX %d host%d\n", i, i);
}

static void open_mute(struct fixture *fixture)
{
    struct net_address at;
    struct err err;
    socklen_t size = sizeof at.v4;

    assert_int_equal(net_address_parse(SLICE("127.0.0.1"), 0, &at, &err), 0);
    fixture->mute = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fixture->mute, &at.any, size), 0);
    assert_int_equal(getsockname(fixture->mute, &at.any, &size), 0);
    fixture->mute_port = net_address_port(&at);
}

static struct resolver *open_resolver(struct fixture *fixture, uint64_t timeout_ms)
{
    const char *stubs[] = {buf_str(&fixture->stubs[0]), buf_str(&fixture->stubs[1]),
                           buf_str(&fixture->stubs[2]), NULL};
    const struct dns_settings settings = {.stub_zones = stubs, .timeout_ms = timeout_ms};
    struct resolver *resolver = NULL;
    struct err err;

    if (resolver_new(fixture->loop, &settings, &resolver, &err) < 0)
        fail_msg("%s", err.text);
    return resolver;
}

static int open_fixture(void **state)
{
    static const struct fixture EMPTY;
    struct fixture *fixture = test_malloc(sizeof *fixture);
    struct buf records = {0};

    *fixture = EMPTY;
    *state = fixture;
    many_records(&records);
    nsd_start(&fixture->nsd, "example.test", buf_str(&records));
    buf_free(&records);
    open_mute(fixture);
    buf_addf(&fixture->stubs[0], "example.test 127.0.0.1@%u", fixture->nsd.port);
    buf_addf(&fixture->stubs[1], "refused.test 127.0.0.1@%u", fixture->nsd.port);
    buf_addf(&fixture->stubs[2], "mute.test 127.0.0.1@%u", fixture->mute_port);
    fixture->loop = loop_new();
    fixture->resolver = open_resolver(fixture, PATIENCE_MS);
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *fixture = *state;

    resolver_free(&fixture->resolver);
    loop_free(&fixture->loop);
    for (int i = 0; i < 3; i++)
        buf_free(&fixture->stubs[i]);
    assert_int_equal(close(fixture->mute), 0);
    nsd_stop(&fixture->nsd);
    test_free(fixture);
    return 0;
}

struct lookup_case {
    void (*find)(struct resolver *resolver, struct slice name, struct dns_lookup *lookup);
    const char *name;
    enum dns_status status;
    size_t count;
    const char *expected[3]; /* lines, in any order */
};

static const struct lookup_case LOOKUPS[] = {
    {dns_find_mx,
     "example.test",
     DNS_FOUND,
     3,
     {"10 mx1.example.test\n", "20 mx2.example.test\n", "10 mx.other.test\n"}},
    {dns_find_mx, "EXAMPLE.test", DNS_FOUND, 3, {"10 mx1.example.test\n"}},
    {dns_find_mx, "null.example.test", DNS_FOUND, 1, {"0 \n"}},
    {dns_find_mx, "alias.example.test", DNS_FOUND, 1, {"5 mx1.example.test\n"}},
    {dns_find_mx, "half.example.test", DNS_FOUND, 1, {"20 mx1.example.test\n"}},
    {dns_find_mx, "many.example.test", DNS_FOUND, DNS_MAX_RECORDS, {NULL}},
    {dns_find_mx, "garbage.example.test", DNS_TEMPORARY, 0, {NULL}},
    {dns_find_mx, "nodata.example.test", DNS_NODATA, 0, {NULL}},
    {dns_find_mx, "nowhere.example.test", DNS_NXDOMAIN, 0, {NULL}},
    {dns_find_mx, "dangling.example.test", DNS_NXDOMAIN, 0, {NULL}},
    {dns_find_mx, "x.refused.test", DNS_TEMPORARY, 0, {NULL}},
    {dns_find_mx, "a b.example.test", DNS_NXDOMAIN, 0, {NULL}},
    {dns_find_mx, "example.test.", DNS_NXDOMAIN, 0, {NULL}},
    {dns_find_mx, "", DNS_NXDOMAIN, 0, {NULL}},
    {dns_find_addresses,
     "mx1.example.test",
     DNS_FOUND,
     3,
     {"192.0.2.1\n", "192.0.2.2\n", "2001:db8::1\n"}},
    {dns_find_addresses, "v4.example.test", DNS_FOUND, 1, {"192.0.2.4\n"}},
    {dns_find_addresses, "v6.example.test", DNS_FOUND, 1, {"2001:db8::6\n"}},
    {dns_find_addresses, "alias.example.test", DNS_FOUND, 1, {"192.0.2.7\n"}},
    {dns_find_addresses, "nodata.example.test", DNS_NODATA, 0, {NULL}},
    {dns_find_addresses, "nowhere.example.test", DNS_NXDOMAIN, 0, {NULL}},
};

#define LOOKUP_COUNT (sizeof LOOKUPS / sizeof LOOKUPS[0])

static void check_lookup(const struct lookup_case *c, struct seen *seen)
{
    if (seen->status != c->status || seen->count != c->count)
        fail_msg("%s: status %d, %zu records, %s", c->name, seen->status, seen->count,
                 buf_str(&seen->detail));
    for (size_t i = 0; i < 3 && c->expected[i]; i++)
        if (!strstr(buf_str(&seen->text), c->expected[i]))
            fail_msg("%s: no %s in %s", c->name, c->expected[i], buf_str(&seen->text));
    assert_true(seen->detail.len > 0);
}

static void test_lookups_table_all_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen[LOOKUP_COUNT] = {0};
    struct dns_lookup lookups[LOOKUP_COUNT];

    for (size_t i = 0; i < LOOKUP_COUNT; i++) {
        lookups[i] = (struct dns_lookup){.on_answer = on_answer, .owner = &seen[i]};
        LOOKUPS[i].find(fixture->resolver, slice_str(LOOKUPS[i].name), &lookups[i]);
        assert_int_equal(seen[i].answers, 0);
    }
    for (size_t i = 0; i < LOOKUP_COUNT; i++) {
        WAIT_FOR(fixture->loop, seen[i].answers > 0);
        assert_null(lookups[i].query);
        dns_cancel(fixture->resolver, &lookups[i]); /* answered: no-op */
    }
    loop_turn(fixture->loop, 10);
    for (size_t i = 0; i < LOOKUP_COUNT; i++) {
        assert_int_equal(seen[i].answers, 1);
        check_lookup(&LOOKUPS[i], &seen[i]);
        forget(&seen[i]);
    }
}

static void test_mute_server_is_temporary_at_the_deadline(void **state)
{
    struct fixture *fixture = *state;
    struct resolver *hasty = open_resolver(fixture, 100);
    struct seen mx = {0}, host = {0};
    struct dns_lookup first = {.on_answer = on_answer, .owner = &mx};
    struct dns_lookup second = {.on_answer = on_answer, .owner = &host};
    uint64_t begun_ms = clock_monotonic_ms();

    dns_find_mx(hasty, SLICE("a.mute.test"), &first);
    dns_find_addresses(hasty, SLICE("b.mute.test"), &second);
    WAIT_FOR(fixture->loop, mx.answers && host.answers);
    assert_in_range(clock_monotonic_ms() - begun_ms, 99, PATIENCE_MS);
    assert_int_equal(mx.status, DNS_TEMPORARY);
    assert_int_equal(host.status, DNS_TEMPORARY);
    assert_non_null(strstr(buf_str(&mx.detail), "in time"));
    resolver_free(&hasty);
    forget(&mx);
    forget(&host);
}

static void test_cancelled_lookup_is_not_answered(void **state)
{
    struct fixture *fixture = *state;
    struct seen cancelled = {0}, malformed = {0}, other = {0};
    struct dns_lookup first = {.on_answer = on_answer, .owner = &cancelled};
    struct dns_lookup second = {.on_answer = on_answer, .owner = &malformed};
    struct dns_lookup third = {.on_answer = on_answer, .owner = &other};

    dns_find_addresses(fixture->resolver, SLICE("mx1.example.test"), &first);
    dns_find_mx(fixture->resolver, SLICE(".."), &second);
    dns_find_mx(fixture->resolver, SLICE("example.test"), &third);
    dns_cancel(fixture->resolver, &first);
    dns_cancel(fixture->resolver, &second);
    assert_null(first.query);
    WAIT_FOR(fixture->loop, other.answers == 1);
    loop_turn(fixture->loop, 50);
    assert_int_equal(cancelled.answers, 0);
    assert_int_equal(malformed.answers, 0);
    forget(&other);
}

struct last {
    struct resolver *resolver;
    int answers;
};

static void free_resolver(void *owner, const struct dns_answer *answer)
{
    struct last *last = owner;

    (void)answer;
    last->answers++;
    resolver_free(&last->resolver);
}

static void test_resolver_may_be_freed_inside_an_answer(void **state)
{
    struct fixture *fixture = *state;
    struct last last = {.resolver = open_resolver(fixture, PATIENCE_MS)};
    struct dns_lookup lookups[3] = {0};

    for (int i = 0; i < 3; i++) {
        lookups[i] = (struct dns_lookup){.on_answer = free_resolver, .owner = &last};
        dns_find_mx(last.resolver, i == 2 ? SLICE("x.mute.test") : SLICE("example.test"),
                    &lookups[i]);
    }
    WAIT_FOR(fixture->loop, last.answers > 0);
    loop_turn(fixture->loop, 10);
    assert_int_equal(last.answers, 1); /* the others were cancelled silently */
    for (int i = 0; i < 3; i++)
        assert_null(lookups[i].query);
}

static void test_forwarder_is_asked(void **state)
{
    struct fixture *fixture = *state;
    struct buf forwarder = {0};
    struct seen seen = {0};
    struct dns_lookup lookup = {.on_answer = on_answer, .owner = &seen};
    struct resolver *resolver = NULL;
    struct err err;

    buf_addf(&forwarder, "127.0.0.1@%u", fixture->nsd.port);
    const char *forwarders[] = {buf_str(&forwarder), NULL};
    const struct dns_settings settings = {.forwarders = forwarders, .timeout_ms = PATIENCE_MS};
    assert_int_equal(resolver_new(fixture->loop, &settings, &resolver, &err), 0);
    dns_find_addresses(resolver, SLICE("v4.example.test"), &lookup);
    WAIT_FOR(fixture->loop, seen.answers > 0);
    assert_int_equal(seen.status, DNS_FOUND);
    assert_string_equal(buf_str(&seen.text), "192.0.2.4\n");
    resolver_free(&resolver);
    forget(&seen);
    buf_free(&forwarder);
}

static void refuse(struct fixture *fixture, const struct dns_settings *settings,
                   const char *culprit)
{
    struct resolver *resolver = NULL;
    struct err err;

    assert_int_equal(resolver_new(fixture->loop, settings, &resolver, &err), -1);
    assert_int_equal(err.kind, ERR_INVALID);
    if (!strstr(err.text, culprit))
        fail_msg("%s", err.text);
    assert_null(resolver);
}

static void test_bad_settings_are_named(void **state)
{
    const char *const bad_server[] = {"not-an-address", NULL};
    const char *const bad_stub[] = {"zone-without-server", NULL};
    const char *const bad_stub_server[] = {"example.test nowhere", NULL};

    refuse(*state, &(struct dns_settings){.forwarders = bad_server}, bad_server[0]);
    refuse(*state, &(struct dns_settings){.stub_zones = bad_stub}, bad_stub[0]);
    refuse(*state, &(struct dns_settings){.stub_zones = bad_stub_server}, bad_stub_server[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookups_table_all_at_once),
        cmocka_unit_test(test_mute_server_is_temporary_at_the_deadline),
        cmocka_unit_test(test_cancelled_lookup_is_not_answered),
        cmocka_unit_test(test_resolver_may_be_freed_inside_an_answer),
        cmocka_unit_test(test_forwarder_is_asked),
        cmocka_unit_test(test_bad_settings_are_named),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
