/* SPDX-License-Identifier: Apache-2.0
 * Failed logins by client address: the limit, its end, who shares it, and the bound of the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/auth_failures.h"

#define PERIOD_MS 600000

static struct net_address at(const char *ip)
{
    struct net_address address;
    struct err err;

    assert_int_equal(net_address_parse(slice_str(ip), 0, &address, &err), 0);
    return address;
}

static struct auth_failures *limit_of(uint64_t count)
{
    const struct auth_failures_limit limit = {count, PERIOD_MS};
    return auth_failures_new(&limit);
}

static void fail_at(struct auth_failures *failures, const char *ip, uint64_t now_ms)
{
    struct net_address client = at(ip);
    auth_failures_note(failures, &client, now_ms);
}

static bool is_blocked(const struct auth_failures *failures, const char *ip, uint64_t now_ms)
{
    struct net_address client = at(ip);
    return auth_failures_are_too_many(failures, &client, now_ms);
}

static void test_the_limit_holds_for_a_period_after_the_first_failure(void **state)
{
    struct auth_failures *failures = limit_of(3);

    (void)state;
    fail_at(failures, "192.0.2.1", 1000);
    fail_at(failures, "192.0.2.1", 2000);
    assert_false(is_blocked(failures, "192.0.2.1", 3000));
    fail_at(failures, "192.0.2.1", 3000);
    assert_true(is_blocked(failures, "192.0.2.1", 3000));
    assert_true(is_blocked(failures, "192.0.2.1", 1000 + PERIOD_MS - 1));
    assert_false(is_blocked(failures, "192.0.2.1", 1000 + PERIOD_MS));
    fail_at(failures, "192.0.2.1", 1000 + PERIOD_MS); /* counts from one again */
    assert_false(is_blocked(failures, "192.0.2.1", 1000 + PERIOD_MS));
    auth_failures_free(&failures);
    assert_null(failures);
    auth_failures_free(&failures);
}

static void test_old_failures_do_not_count(void **state)
{
    struct auth_failures *failures = limit_of(2);

    (void)state;
    fail_at(failures, "192.0.2.1", 0);
    fail_at(failures, "192.0.2.1", PERIOD_MS);
    assert_false(is_blocked(failures, "192.0.2.1", PERIOD_MS));
    auth_failures_free(&failures);
}

static void test_neighbours_are_told_apart_but_within_a_64(void **state)
{
    struct auth_failures *failures = limit_of(1);

    (void)state;
    fail_at(failures, "192.0.2.1", 0);
    fail_at(failures, "2001:db8:0:1::1", 0);
    assert_true(is_blocked(failures, "192.0.2.1", 0));
    assert_false(is_blocked(failures, "192.0.2.2", 0));
    assert_true(is_blocked(failures, "2001:db8:0:1:ffff::2", 0));
    assert_false(is_blocked(failures, "2001:db8:0:2::1", 0));
    auth_failures_free(&failures);
}

static void test_no_limit(void **state)
{
    struct auth_failures *failures = limit_of(0);

    (void)state;
    fail_at(failures, "192.0.2.1", 0);
    assert_false(is_blocked(failures, "192.0.2.1", 0));
    auth_failures_free(&failures);
}

static void fail_from_everywhere(struct auth_failures *failures, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct net_address client = at("10.0.0.0");
        client.v4.sin_addr.s_addr = htonl(0x0a000000U + i);
        auth_failures_note(failures, &client, 0);
    }
}

static void test_who_failed_longest_ago_is_forgotten_first(void **state)
{
    struct auth_failures *failures = limit_of(2);

    (void)state;
    fail_at(failures, "192.0.2.1", 0);
    fail_at(failures, "192.0.2.2", 0);
    fail_from_everywhere(failures, AUTH_FAILURES_CLIENTS_MAX - 2);
    fail_at(failures, "192.0.2.1", 0); /* is the last now */
    fail_at(failures, "198.51.100.1", 0);
    fail_at(failures, "192.0.2.2", 0); /* was forgotten: its first */
    assert_true(is_blocked(failures, "192.0.2.1", 0));
    assert_false(is_blocked(failures, "192.0.2.2", 0));
    auth_failures_free(&failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_limit_holds_for_a_period_after_the_first_failure),
        cmocka_unit_test(test_old_failures_do_not_count),
        cmocka_unit_test(test_neighbours_are_told_apart_but_within_a_64),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_who_failed_longest_ago_is_forgotten_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
