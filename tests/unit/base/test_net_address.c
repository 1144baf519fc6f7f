/* SPDX-License-Identifier: Apache-2.0
 * Addresses: text to value and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/net_address.h"

struct text_case {
    const char *text;
    uint16_t default_port;
    const char *expected; /* NULL: refused */
};

static void test_parse_port_table(void **state)
{
    static const struct text_case CASES[] = {
        {"192.0.2.1:25", 0, "192.0.2.1:25"},
        {"192.0.2.1", 25, "192.0.2.1:25"},
        {"192.0.2.1:0", 25, "192.0.2.1:0"},
        {"192.0.2.1", 0, NULL},
        {"192.0.2.1:", 25, NULL},
        {"192.0.2.1:65535", 0, "192.0.2.1:65535"},
        {"192.0.2.1:65536", 0, NULL},
        {"192.0.2.1:+25", 0, NULL},
        {"192.0.2.1:25x", 0, NULL},
        {"192.0.2.256:25", 0, NULL},
        {"192.0.2:25", 0, NULL},
        {"[2001:db8::1]:25", 0, "[2001:db8::1]:25"},
        {"[2001:DB8::1]", 587, "[2001:db8::1]:587"},
        {"2001:db8::1", 25, "[2001:db8::1]:25"},
        {"2001:db8::1", 0, NULL},
        {"[2001:db8::1]:", 25, NULL},
        {"[2001:db8::1]25", 25, NULL},
        {"[2001:db8::1", 25, NULL},
        {"[192.0.2.1]:25", 0, NULL},
        {"[fe80::1%lo]:25", 0, NULL},
        {"localhost:25", 0, NULL},
        {":25", 0, NULL},
        {"[]:25", 0, NULL},
        {"", 25, NULL},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999", 25, NULL},
        {"0000000000000000000000000000000000000000000000001:25", 0, NULL},
    };
    char text[NET_ADDRESS_TEXT];
    struct net_address address;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct text_case *c = &CASES[i];
        int status = net_address_parse_port(slice_str(c->text), c->default_port, &address, &err);
        if (status != (c->expected ? 0 : -1))
            fail_msg("\"%s\": %d", c->text, status);
        if (c->expected)
            assert_string_equal(net_address_text(&address, text), c->expected);
        else
            assert_int_equal(err.kind, ERR_INVALID);
    }
}

static void test_parse_refuses_nul_and_repeats_no_garbage(void **state)
{
    struct net_address address;
    struct err err;

    (void)state;
    assert_int_equal(net_address_parse(SLICE("192.0.2.1\0x"), 25, &address, &err), -1);
    assert_non_null(strstr(err.text, "unprintable"));
    assert_int_equal(net_address_parse(SLICE("\x1b[2J"), 25, &address, &err), -1);
    assert_null(strchr(err.text, '\x1b'));
}

static struct net_address parsed(const char *ip, uint16_t port)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(slice_str(ip), port, &address, &err), 0);
    return address;
}

static void test_eq_compares_ip_and_port(void **state)
{
    struct net_address a = parsed("192.0.2.1", 25), b = parsed("192.0.2.1", 25);
    struct net_address mapped = parsed("::ffff:192.0.2.1", 25), v6 = parsed("2001:db8::1", 25);

    (void)state;
    assert_true(net_address_eq(&a, &b));
    assert_true(net_address_eq(&a, &mapped));
    assert_false(net_address_eq(&a, &v6));
    net_address_set_port(&b, 26);
    assert_false(net_address_eq(&a, &b));
    assert_int_equal(net_address_port(&b), 26);
}

static void test_text_of_no_address_is_unix(void **state)
{
    char text[NET_ADDRESS_TEXT];
    struct net_address none = {0};

    (void)state;
    assert_string_equal(net_address_text(&none, text), "unix");
    assert_string_equal(net_address_ip(&none, text), "unix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_port_table),
        cmocka_unit_test(test_parse_refuses_nul_and_repeats_no_garbage),
        cmocka_unit_test(test_eq_compares_ip_and_port),
        cmocka_unit_test(test_text_of_no_address_is_unix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
