/* SPDX-License-Identifier: Apache-2.0
 * host:port of servers of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/net_host.h"

static void test_hosts_and_ports(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } ROWS[] = {
        {"redis:6379", "redis", 6379},
        {"socks_1.mail.svc.cluster.local:1080", "socks_1.mail.svc.cluster.local", 1080},
        {"192.0.2.1:65535", "192.0.2.1", 65535},
        {"[2001:db8::1]:25", "2001:db8::1", 25},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct slice host;
        uint16_t port;
        struct err err;
        assert_int_equal(net_host_split(slice_str(ROWS[i].text), &host, &port, &err), 0);
        assert_true(slice_eq(host, slice_str(ROWS[i].host)));
        assert_int_equal(port, ROWS[i].port);
    }
}

static void test_what_is_refused(void **state)
{
    static const char *const TEXTS[] = {"",          "redis",       "redis:", "redis:0",
                                        "redis:x",   "redis:65536", ":6379",  "re dis:1",
                                        "[redis]:1", "2001:db8::1", "[::1:1", "u@host:1",
                                        "a/b:1",     "[::1]",       "[::1]:0"};

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        struct slice host;
        uint16_t port;
        struct err err;
        if (net_host_split(slice_str(TEXTS[i]), &host, &port, &err) == 0)
            fail_msg("\"%s\" is taken", TEXTS[i]);
        assert_int_equal(err.kind, ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_and_ports),
        cmocka_unit_test(test_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
