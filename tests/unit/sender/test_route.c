/* SPDX-License-Identifier: Apache-2.0
 * MX selection by the rules C1..C5, static routes, literals; on a resolver from a table. */
#include "unit/net/cases.h"

#include "fakes/resolver_fake.h"
#include "sender/route.h"

#define SHUFFLES 1000

static const struct resolver_fake_row ZONE[] = {
    {"two.test", true, DNS_FOUND, "20 b.two.test, 10 a.two.test"},
    {"equal.test", true, DNS_FOUND, "10 a.equal.test, 10 b.equal.test, 10 c.equal.test"},
    {"null.test", true, DNS_FOUND, "0 "},
    {"odd.test", true, DNS_FOUND, "10 not_a_host_-, 20 a.two.test"},
    {"bad.test", true, DNS_FOUND, "10 -, 20 a..b"},
    {"implicit.test", true, DNS_NODATA, NULL},
    {"servfail.test", true, DNS_TEMPORARY, NULL},
    {"bogus.test", true, DNS_BOGUS, NULL},
    {"self.test", true, DNS_FOUND, "10 RELAY.test, 20 a.two.test"},
    {"backup.test", true, DNS_FOUND, "5 a.two.test, 10 relay.test, 10 b.two.test, 20 c.test"},
    {"relay.test", true, DNS_NODATA, NULL},
    {"a.two.test", false, DNS_FOUND, "192.0.2.1, 2001:db8::1"},
    {"inside.test", false, DNS_FOUND, "10.0.0.1, 127.0.0.1, ::1, 192.0.2.7"},
    {"private.test", false, DNS_FOUND, "10.0.0.1, 192.168.1.1"},
    {"noaddr.test", false, DNS_NODATA, NULL},
    {"late.test", false, DNS_TEMPORARY, NULL},
    {0},
};

struct fixture {
    struct loop *loop;
    struct resolver *resolver;
    struct conf *conf;
    struct router *router;
    struct arena *arena;
    struct route_query query;
    bool is_answered;
    enum route_status status;
    struct route_hosts hosts;
    struct route_addresses addresses;
};

static void on_hosts(void *owner, enum route_status status, const struct route_hosts *hosts,
                     const char *detail)
{
    struct fixture *fixture = owner;

    assert_false(fixture->is_answered);
    assert_non_null(detail);
    fixture->is_answered = true;
    fixture->status = status;
    fixture->hosts = *hosts;
}

static void on_addresses(void *owner, enum route_status status,
                         const struct route_addresses *addresses, const char *detail)
{
    struct fixture *fixture = owner;

    assert_false(fixture->is_answered);
    assert_non_null(detail);
    fixture->is_answered = true;
    fixture->status = status;
    fixture->addresses = *addresses;
}

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static void begin(struct fixture *fixture, const char *routes, bool allow_private)
{
    static const struct conf_section *const SECTIONS[] = {&ROUTES_SECTION, NULL};
    const char *const overrides[] = {routes ? routes : "routes=()", NULL};
    const struct conf_faults faults = {.on_fault = on_fault};
    struct router_settings settings = {
        .hostname = "relay.test", .port = 25, .allow_private = allow_private};

    *fixture = (struct fixture){.loop = loop_new(), .arena = arena_new(4096)};
    assert_int_equal(conf_read("/dev/null", overrides, SECTIONS, &faults, &fixture->conf), 0);
    fixture->resolver = resolver_fake_new(fixture->loop, ZONE);
    fixture->router = router_new(fixture->loop, fixture->resolver, &settings, fixture->conf);
    fixture->query.owner = fixture;
    fixture->query.on_hosts = on_hosts;
    fixture->query.on_addresses = on_addresses;
}

static void end(struct fixture *fixture)
{
    router_free(&fixture->router);
    resolver_free(&fixture->resolver);
    conf_free(&fixture->conf);
    arena_free(&fixture->arena);
    loop_free(&fixture->loop);
}

/* Answers come at the end of a turn; nothing has to be waited for. */
static void turn(struct fixture *fixture)
{
    for (size_t i = 0; i < 10 && !fixture->is_answered; i++)
        loop_turn(fixture->loop, 0);
    assert_true(fixture->is_answered);
}

static void find(struct fixture *fixture, const char *destination)
{
    fixture->is_answered = false;
    route_find(fixture->router, fixture->arena, slice_str(destination), &fixture->query);
    assert_false(fixture->is_answered); /* never from inside */
    turn(fixture);
}

static void find_addresses(struct fixture *fixture, const struct route_host *host)
{
    fixture->is_answered = false;
    route_find_addresses(fixture->router, fixture->arena, host, &fixture->query);
    assert_false(fixture->is_answered);
    turn(fixture);
}

static void check_host(const struct fixture *fixture, size_t i, const char *name)
{
    assert_true(i < fixture->hosts.count);
    assert_int_equal(fixture->hosts.hosts[i].name.len, strlen(name));
    assert_memory_equal(fixture->hosts.hosts[i].name.at, name, strlen(name));
}

static void check_address(const struct fixture *fixture, size_t i, const char *text)
{
    char found[NET_ADDRESS_TEXT];

    assert_true(i < fixture->addresses.count);
    assert_string_equal(net_address_text(&fixture->addresses.addresses[i], found), text);
}

static void test_c1_mx_by_preference(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, NULL, false);
    find(&fixture, "two.test");
    assert_int_equal(fixture.status, ROUTE_FOUND);
    assert_int_equal(fixture.hosts.count, 2);
    check_host(&fixture, 0, "a.two.test");
    check_host(&fixture, 1, "b.two.test");
    find_addresses(&fixture, &fixture.hosts.hosts[0]);
    assert_int_equal(fixture.addresses.count, 2);
    check_address(&fixture, 0, "192.0.2.1:25");
    check_address(&fixture, 1, "[2001:db8::1]:25");
    end(&fixture);
}

static void test_c1_outcomes_without_hosts(void **state)
{
    static const struct {
        const char *domain;
        enum route_status status;
    } ROWS[] = {
        {"gone.test", ROUTE_NO_DOMAIN},  {"null.test", ROUTE_NULL_MX},
        {"bad.test", ROUTE_NO_HOST},     {"servfail.test", ROUTE_TEMPORARY},
        {"bogus.test", ROUTE_TEMPORARY}, {"self.test", ROUTE_LOOP},
        {"relay.test", ROUTE_LOOP},      {"[not an ip]", ROUTE_NO_HOST},
    };
    struct fixture fixture;

    (void)state;
    begin(&fixture, NULL, false);
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        find(&fixture, ROWS[i].domain);
        if (fixture.status != ROWS[i].status)
            fail_msg("%s: status %d", ROWS[i].domain, (int)fixture.status);
        assert_int_equal(fixture.hosts.count, 0);
    }
    end(&fixture);
}

static void test_c1_no_mx_is_the_domain_itself(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, NULL, false);
    find(&fixture, "implicit.test");
    assert_int_equal(fixture.status, ROUTE_FOUND);
    assert_int_equal(fixture.hosts.count, 1);
    check_host(&fixture, 0, "implicit.test");
    end(&fixture);
}

static void test_c3_equal_preferences_are_shuffled(void **state)
{
    struct fixture fixture;
    unsigned first[3] = {0};

    (void)state;
    begin(&fixture, NULL, false);
    for (unsigned i = 0; i < SHUFFLES; i++) {
        find(&fixture, "equal.test");
        assert_int_equal(fixture.hosts.count, 3);
        first[fixture.hosts.hosts[0].name.at[0] - 'a']++;
        arena_reset(fixture.arena);
    }
    /* A third each; eight standard deviations. */
    for (size_t i = 0; i < 3; i++)
        assert_in_range(first[i], 333 - 120, 333 + 120);
    end(&fixture);
}

static void test_c4_ourselves_and_worse_are_dropped(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, NULL, false);
    find(&fixture, "backup.test");
    assert_int_equal(fixture.status, ROUTE_FOUND);
    assert_int_equal(fixture.hosts.count, 1);
    check_host(&fixture, 0, "a.two.test");
    end(&fixture);
}

static void test_c5_private_targets_are_refused(void **state)
{
    const struct route_host inside = {.name = SLICE("inside.test"), .port = 25};
    const struct route_host private = {.name = SLICE("private.test"), .port = 25};
    const struct route_host named = {
        .name = SLICE("private.test"), .port = 2525, .is_trusted = true};
    struct fixture fixture;

    (void)state;
    begin(&fixture, NULL, false);
    find_addresses(&fixture, &inside);
    assert_int_equal(fixture.status, ROUTE_FOUND);
    assert_int_equal(fixture.addresses.count, 1);
    check_address(&fixture, 0, "192.0.2.7:25");
    find_addresses(&fixture, &private);
    assert_int_equal(fixture.status, ROUTE_NO_HOST);
    find(&fixture, "[127.0.0.1]");
    assert_int_equal(fixture.status, ROUTE_FOUND);
    find_addresses(&fixture, &fixture.hosts.hosts[0]);
    assert_int_equal(fixture.status, ROUTE_NO_HOST);
    find_addresses(&fixture, &named); /* by the settings */
    assert_int_equal(fixture.status, ROUTE_FOUND);
    check_address(&fixture, 0, "10.0.0.1:2525");
    end(&fixture);
    begin(&fixture, NULL, true);
    find_addresses(&fixture, &private);
    assert_int_equal(fixture.status, ROUTE_FOUND);
    assert_int_equal(fixture.addresses.count, 2);
    end(&fixture);
}

static void test_host_without_addresses(void **state)
{
    const struct route_host noaddr = {.name = SLICE("noaddr.test"), .port = 25};
    const struct route_host gone = {.name = SLICE("gone.test"), .port = 25};
    const struct route_host late = {.name = SLICE("late.test"), .port = 25};
    struct fixture fixture;

    (void)state;
    begin(&fixture, NULL, false);
    find_addresses(&fixture, &noaddr);
    assert_int_equal(fixture.status, ROUTE_NO_HOST);
    find_addresses(&fixture, &gone);
    assert_int_equal(fixture.status, ROUTE_NO_HOST);
    find_addresses(&fixture, &late);
    assert_int_equal(fixture.status, ROUTE_TEMPORARY);
    end(&fixture);
}

static void test_static_routes_come_first(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture,
          "routes=({domain=\"two.test\"; hosts=[\"127.0.0.1:2500\", \"[::1]:2501\", "
          "\"a.two.test\"];},"
          "{hosts=[\"192.0.2.99\"];})",
          false);
    find(&fixture, "two.test");
    assert_int_equal(fixture.status, ROUTE_FOUND);
    assert_int_equal(fixture.hosts.count, 3);
    find_addresses(&fixture, &fixture.hosts.hosts[0]);
    check_address(&fixture, 0, "127.0.0.1:2500");
    find(&fixture, "two.test");
    find_addresses(&fixture, &fixture.hosts.hosts[1]);
    check_address(&fixture, 0, "[::1]:2501");
    find(&fixture, "two.test");
    find_addresses(&fixture, &fixture.hosts.hosts[2]);
    check_address(&fixture, 0, "192.0.2.1:25");
    find(&fixture, "any.other");
    find_addresses(&fixture, &fixture.hosts.hosts[0]);
    check_address(&fixture, 0, "192.0.2.99:25");
    assert_int_equal(resolver_fake_answered(fixture.resolver), 1);
    end(&fixture);
}

static void test_cancelled_query_is_silent(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture, NULL, false);
    route_find(fixture.router, fixture.arena, SLICE("two.test"), &fixture.query);
    assert_int_equal(resolver_fake_waiting(fixture.resolver), 1);
    route_cancel(&fixture.query);
    assert_int_equal(resolver_fake_waiting(fixture.resolver), 0);
    route_find(fixture.router, fixture.arena, SLICE("[192.0.2.1]"), &fixture.query);
    route_cancel(&fixture.query);
    loop_turn(fixture.loop, 10);
    assert_false(fixture.is_answered);
    end(&fixture);
}

static void test_host_texts(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t port; /* 0: refused */
    } ROWS[] = {
        {"mx.test", "mx.test", 25},
        {"mx.test:2525", "mx.test", 2525},
        {"192.0.2.1:1", "192.0.2.1", 1},
        {"[2001:db8::1]:26", "2001:db8::1", 26},
        {"2001:db8::1", "2001:db8::1", 25},
        {"[::1]", "::1", 25},
        {"mx.test:0", "", 0},
        {"mx.test:65536", "", 0},
        {"mx.test:x", "", 0},
        {":25", "", 0},
        {"[::1", "", 0},
        {"[::1]25", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct slice host = SLICE_NONE;
        uint16_t port = 25;
        bool is_fine = route_host_split(slice_str(ROWS[i].text), &host, &port);
        if (is_fine != (ROWS[i].port != 0))
            fail_msg("%s", ROWS[i].text);
        if (is_fine && (port != ROWS[i].port || !slice_eq(host, slice_str(ROWS[i].host))))
            fail_msg("%s gave port %u", ROWS[i].text, port);
    }
}

static void test_s24_archive_host_needs_no_mx_and_may_be_private(void **state)
{
    static const struct {
        const char *host, *address;
        enum route_status status;
    } ROWS[] = {
        {"private.test", "10.0.0.1:2525", ROUTE_FOUND}, /* which has no MX record either */
        {"two.test", NULL, ROUTE_NO_HOST},              /* MX records, and no address */
        {"127.0.0.1", "127.0.0.1:2525", ROUTE_FOUND},
        {"2001:db8::7", "[2001:db8::7]:2525", ROUTE_FOUND},
        {"late.test", NULL, ROUTE_TEMPORARY},
    };
    struct fixture fixture;

    (void)state;
    begin(&fixture, "routes=({domain=\"*\"; hosts=[\"192.0.2.99:99\"];})", false);
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        fixture.is_answered = false;
        route_find_host(fixture.router, fixture.arena, slice_str(ROWS[i].host), 2525,
                        &fixture.query);
        assert_false(fixture.is_answered);
        turn(&fixture);
        assert_int_equal(fixture.status, ROUTE_FOUND);
        assert_int_equal(fixture.hosts.count, 1);
        check_host(&fixture, 0, ROWS[i].host);
        find_addresses(&fixture, &fixture.hosts.hosts[0]);
        assert_int_equal(fixture.status, ROWS[i].status);
        if (ROWS[i].address)
            check_address(&fixture, 0, ROWS[i].address);
    }
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c1_mx_by_preference),
        cmocka_unit_test(test_c1_outcomes_without_hosts),
        cmocka_unit_test(test_c1_no_mx_is_the_domain_itself),
        cmocka_unit_test(test_c3_equal_preferences_are_shuffled),
        cmocka_unit_test(test_c4_ourselves_and_worse_are_dropped),
        cmocka_unit_test(test_c5_private_targets_are_refused),
        cmocka_unit_test(test_host_without_addresses),
        cmocka_unit_test(test_static_routes_come_first),
        cmocka_unit_test(test_cancelled_query_is_silent),
        cmocka_unit_test(test_host_texts),
        cmocka_unit_test(test_s24_archive_host_needs_no_mx_and_may_be_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
