/* SPDX-License-Identifier: Apache-2.0
 * Networks, and which addresses public mail must not go to (C5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/net_address.h"

static struct net_address parsed(const char *ip)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(slice_str(ip), 25, &address, &err), 0);
    return address;
}

static void test_private_addresses_are_known(void **state)
{
    static const char *const PRIVATE[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::10.0.0.1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fc00::1",
        "fdff::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:a00:1::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof PRIVATE / sizeof PRIVATE[0]; i++) {
        struct net_address address = parsed(PRIVATE[i]);
        if (!net_address_is_private(&address))
            fail_msg("%s is private", PRIVATE[i]);
    }
}

static void test_public_addresses_are_public(void **state)
{
    static const char *const PUBLIC[] = {
        "1.0.0.1",         "9.255.255.255",    "11.0.0.0",        "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.1",        "169.253.1.1",     "172.15.255.255", "172.32.0.0",
        "192.167.1.1",     "192.169.1.1",      "223.255.255.1",   "2001:db8::1",    "2a00::1",
        "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", "2002:808:808::1", "fbff::1",        "::1:0:0:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof PUBLIC / sizeof PUBLIC[0]; i++) {
        struct net_address address = parsed(PUBLIC[i]);
        if (net_address_is_private(&address))
            fail_msg("%s is public", PUBLIC[i]);
    }
}

struct network_case {
    const char *network, *ip;
    bool is_in;
};

static void test_network_has_table(void **state)
{
    static const struct network_case CASES[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"192.0.2.0/25", "192.0.2.127", true},
        {"192.0.2.0/25", "192.0.2.128", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.7/32", "::ffff:192.0.2.7", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
    };
    struct net_network network;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct net_address address = parsed(CASES[i].ip);
        assert_int_equal(net_network_parse(slice_str(CASES[i].network), &network, &err), 0);
        if (net_network_has(&network, &address) != CASES[i].is_in)
            fail_msg("%s in %s", CASES[i].ip, CASES[i].network);
    }
}

static void test_network_parse_refuses(void **state)
{
    static const char *const BAD[] = {"10.0.0.1/8", "10.0.0.0/33",    "10.0.0.0/", "10.0.0.0/-1",
                                      "10.0.0/8",   "2001:db8::1/64", "::/129",    "",
                                      "/8",         "10.0.0.0/8/8"};
    struct net_network network;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        if (net_network_parse(slice_str(BAD[i]), &network, &err) == 0)
            fail_msg("\"%s\" was taken", BAD[i]);
        assert_int_equal(err.kind, ERR_INVALID);
    }
}

static void test_networks_have_what_one_of_them_has(void **state)
{
    static const char *const TEXTS[] = {"10.0.0.0/8", "::ffff:192.0.2.1", "2001:db8::/32", NULL};
    static const char *const NONE[] = {NULL};
    struct arena *arena = arena_new(64);
    struct net_networks networks = net_networks_read(arena, TEXTS);
    struct net_networks none = net_networks_read(arena, NONE);
    struct net_address first = parsed("10.1.2.3"), mapped = parsed("192.0.2.1");
    struct net_address last = parsed("2001:db8::5"), other = parsed("192.0.2.2");

    (void)state;
    assert_int_equal(networks.count, 3);
    assert_true(net_networks_have(&networks, &first));
    assert_true(net_networks_have(&networks, &mapped));
    assert_true(net_networks_have(&networks, &last));
    assert_false(net_networks_have(&networks, &other));
    assert_false(net_networks_have(&none, &first));
    arena_free(&arena);
}

static void test_checks_of_settings_name_the_text(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(net_address_check("192.0.2.1", &err), 0);
    assert_int_equal(net_network_check("192.0.2.0/24", &err), 0);
    assert_int_equal(net_address_check("192.0.2.0/24", &err), -1);
    assert_non_null(strstr(err.text, "\"192.0.2.0/24\""));
    assert_int_equal(net_network_check("192.0.2.1/24", &err), -1);
    assert_non_null(strstr(err.text, "\"192.0.2.1/24\" is no network; allowed: "));
    assert_int_equal(net_network_check("\x1b[2J", &err), -1);
    assert_non_null(strstr(err.text, "\"unprintable bytes\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private_addresses_are_known),
        cmocka_unit_test(test_public_addresses_are_public),
        cmocka_unit_test(test_network_has_table),
        cmocka_unit_test(test_network_parse_refuses),
        cmocka_unit_test(test_networks_have_what_one_of_them_has),
        cmocka_unit_test(test_checks_of_settings_name_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
