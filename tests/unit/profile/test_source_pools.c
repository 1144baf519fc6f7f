/* SPDX-License-Identifier: Apache-2.0
 * Source pools: whose turn it is, and which lists are refused. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/profile/sample.h"

static struct net_address ip(const char *text, uint16_t port)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(slice_str(text), port, &address, &err), 0);
    return address;
}

/* The address of that turn; "": none. */
static void expect_pick(const struct source_pool *pool, sa_family_t family, size_t turn,
                        const char *avoided_text, const char *expected)
{
    struct net_address avoided = {0};
    char text[NET_ADDRESS_TEXT] = "";

    if (*avoided_text)
        avoided = ip(avoided_text, 4711); /* the end of a connection has a port */
    const struct net_address *picked = source_pool_pick(pool, family, turn, &avoided);
    assert_string_equal(picked ? net_address_ip(picked, text) : "", expected);
}

static void test_addresses_take_turns_by_family(void **state)
{
    const struct net_address addresses[] = {ip("192.0.2.1", 0), ip("2001:db8::1", 0),
                                            ip("192.0.2.2", 0)};
    const struct source_pool pool = {.addresses = addresses, .count = 3};
    const struct source_pool only = {.addresses = addresses, .count = 1};

    (void)state;
    expect_pick(&pool, AF_INET, 0, "", "192.0.2.1");
    expect_pick(&pool, AF_INET, 1, "", "192.0.2.2");
    expect_pick(&pool, AF_INET, 2, "", "192.0.2.1");
    expect_pick(&pool, AF_INET6, 7, "", "2001:db8::1");
    expect_pick(&only, AF_INET6, 0, "", "");
}

static void test_the_avoided_address_is_not_taken_where_there_is_another(void **state)
{
    const struct net_address addresses[] = {ip("192.0.2.1", 0), ip("192.0.2.2", 0)};
    const struct source_pool pool = {.addresses = addresses, .count = 2};
    const struct source_pool only = {.addresses = addresses, .count = 1};

    (void)state;
    expect_pick(&pool, AF_INET, 0, "192.0.2.1", "192.0.2.2");
    expect_pick(&pool, AF_INET, 1, "192.0.2.1", "192.0.2.2");
    expect_pick(&pool, AF_INET, 1, "192.0.2.2", "192.0.2.1");
    expect_pick(&pool, AF_INET, 0, "198.51.100.1", "192.0.2.1");
    expect_pick(&only, AF_INET, 0, "192.0.2.1", "192.0.2.1");
}

/* The caller frees them; the first one uses the pool, which is called "a". */
static struct configurations *sample_configurations_of_pool(const char *pool)
{
    struct buf pools = {0}, faults = {0};
    struct configurations *configurations;
    struct conf *conf;

    buf_addf(&pools, "source_pools=(%s)", pool);
    conf = sample_read(
        (const char *const[]){buf_str(&pools), "configurations=({source_pool=\"a\";})", NULL},
        &faults);
    configurations = configurations_new(conf);
    conf_free(&conf);
    buf_free(&pools);
    buf_free(&faults);
    return configurations;
}

static void test_a_configuration_has_its_pool(void **state)
{
    static const char *const SETS[] = {
        "source_pools=({name=\"a\"; addresses=[\"192.0.2.1\", \"2001:db8::1\"]; "
        "ehlo=\"mta1.test\";})",
        "configurations=({}, {name=\"bulk\"; source_pool=\"a\";})", NULL};
    struct buf faults = {0};
    struct conf *conf = sample_read(SETS, &faults);
    struct configurations *configurations = configurations_new(conf);
    const struct source_pool *pool;

    (void)state;
    conf_free(&conf);
    assert_null(configurations_find(configurations, SLICE("default"))->source_pool);
    pool = configurations_find(configurations, SLICE("bulk"))->source_pool;
    assert_non_null(pool);
    assert_string_equal(pool->name, "a");
    assert_string_equal(pool->ehlo, "mta1.test");
    assert_int_equal(pool->count, 2);
    expect_pick(pool, AF_INET6, 0, "", "2001:db8::1");
    configurations_free(&configurations);
    buf_free(&faults);
}

#define POOL(name, addresses) "{name=\"" name "\"; addresses=[" addresses "]; ehlo=\"m.test\";}"

#define PROXIED(kind, address, more)                                                               \
    "{name=\"a\"; ehlo=\"m.test\"; proxy=\"" kind "\"; proxy_address=\"" address "\"; " more "}"

static void test_a_pool_has_its_proxy(void **state)
{
    struct configurations *configurations = sample_configurations_of_pool(
        PROXIED("socks5", "[2001:db8::1]:1080",
                "proxy_username=\"u\"; proxy_password_file=\"/run/secrets/p\";"));
    const struct source_pool *pool = configurations_at(configurations, 0)->source_pool;

    (void)state;
    assert_int_equal(pool->count, 0);
    assert_int_equal(pool->proxy.kind, SOURCE_PROXY_SOCKS5);
    assert_string_equal(pool->proxy.address, "[2001:db8::1]:1080");
    assert_string_equal(pool->proxy.username, "u");
    assert_string_equal(pool->proxy.password_file, "/run/secrets/p");
    configurations_free(&configurations);
}

static void test_lists_that_are_refused(void **state)
{
    static const struct {
        const char *list, *sentence;
    } ROWS[] = {
        {"(" POOL("default", "\"192.0.2.1\"") ")",
         "source_pools: name \"default\" is that of the addresses outside of all pools; allowed: "
         "any other name"},
        {"(" POOL("a", "\"192.0.2.1\"") ", " POOL("a", "\"192.0.2.2\"") ")",
         "source_pools: name \"a\" is there twice; allowed: one source pool of a name"},
        {"(" POOL("a", "\"192.0.2.1\", \"192.0.2.1\"") ")",
         "source_pools: address \"192.0.2.1\" is there twice; allowed: each address once"},
        {"(" POOL("a", "\"0.0.0.0\"") ")", "source_pools.addresses is wrong: \"0.0.0.0\" is no "
                                           "address that mail can come from"},
        {"(" POOL("a", "\"::\"") ")", "source_pools.addresses is wrong: \"::\" is no address that "
                                      "mail can come from"},
        {"(" POOL("a", "\"mta1.test\"") ")",
         "source_pools.addresses is wrong: \"mta1.test\" is not an IP address"},
        {"({name=\"a\"; addresses=[\"192.0.2.1\"]; ehlo=\"-\";})",
         "source_pools.ehlo is wrong: \"-\" is no host name"},
        {"(" POOL("a", "") ")",
         "source_pools: addresses is empty; allowed with proxy = \"none\": 1 to 64 addresses"},
        {"(" PROXIED("socks5", "p:1080", "addresses=[\"192.0.2.1\"];") ")",
         "source_pools: addresses are there, but with proxy = \"socks5\" the proxy chooses them; "
         "allowed: none"},
        {"(" PROXIED("haproxy", "p:1080", "") ")",
         "source_pools: addresses is empty; allowed with proxy = \"haproxy\": 1 to 64 addresses"},
        {"(" PROXIED("socks5", "", "") ")",
         "source_pools: proxy = \"socks5\" needs proxy_address, as host:port"},
        {"(" PROXIED("none", "p:1080", "addresses=[\"192.0.2.1\"];") ")",
         "source_pools: proxy_address is there, but proxy is \"none\"; allowed: proxy = \"socks5\" "
         "or \"haproxy\" with it"},
        {"(" PROXIED("socks5", "p", "") ")",
         "source_pools.proxy_address is wrong: \"p\" has no port; give host:port"},
        {"(" PROXIED("socks4", "p:1080", "") ")",
         "source_pools.proxy is \"socks4\"; allowed: \"none\", \"socks5\" or \"haproxy\""},
        {"(" PROXIED("socks5", "p:1080", "proxy_username=\"u\";") ")",
         "source_pools: proxy_username and proxy_password_file need each other; allowed: both or "
         "none"},
        {"(" PROXIED("haproxy", "p:1080",
                     "addresses=[\"192.0.2.1\"]; proxy_username=\"u\"; "
                     "proxy_password_file=\"/f\";") ")",
         "source_pools: proxy_username is for proxy = \"socks5\"; allowed: none with \"haproxy\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct buf set = {0};
        buf_addf(&set, "source_pools=%s", ROWS[i].list);
        sample_expect_fault(buf_str(&set), ROWS[i].sentence);
        buf_free(&set);
    }
    sample_expect_fault(
        "configurations=({source_pool=\"b\";})",
        "configurations: source_pool of \"default\" is \"b\", but source_pools has none of that "
        "name; allowed: \"default\", or the name of one of them");
}

static void test_there_are_at_most_so_many(void **state)
{
    struct buf set = {0}, faults = {0};

    (void)state;
    for (int i = 0; i < SOURCE_POOLS_MAX; i++)
        buf_addf(&set, "%s{name=\"p%d\"; addresses=[\"192.0.2.1\"]; ehlo=\"m.test\";}",
                 i ? ", " : "source_pools=(", i);
    size_t end = set.len;
    buf_add_char(&set, ')');
    struct conf *conf = sample_read((const char *const[]){buf_str(&set), NULL}, &faults);
    assert_non_null(conf);
    set.len = end;
    buf_add_str(&set, ", " POOL("more", "\"192.0.2.1\"") ")");
    sample_expect_fault(buf_str(&set),
                        "source_pools: \"more\" is one too many; allowed: up to 32 source pools");
    conf_free(&conf);
    buf_free(&faults);
    buf_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_take_turns_by_family),
        cmocka_unit_test(test_the_avoided_address_is_not_taken_where_there_is_another),
        cmocka_unit_test(test_a_configuration_has_its_pool),
        cmocka_unit_test(test_a_pool_has_its_proxy),
        cmocka_unit_test(test_lists_that_are_refused),
        cmocka_unit_test(test_there_are_at_most_so_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
