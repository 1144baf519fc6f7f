/* SPDX-License-Identifier: Apache-2.0
 * Destinations and keys: golden values, because nodes of mixed versions must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/record.h"

static void test_destination_is_the_domain_in_lower_case(void **state)
{
    static const struct {
        const char *address, *destination;
    } CASES[] = {
        {"user@Example.COM", "example.com"},
        {"\"a@b\"@X.test", "x.test"},
        {"user@[192.0.2.1]", "[192.0.2.1]"},
        {"postmaster", ""},
    };
    struct arena *arena = arena_new(256);

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct slice got = record_destination(arena, slice_str(CASES[i].address));
        assert_true(slice_eq(got, slice_str(CASES[i].destination)));
    }
    arena_free(&arena);
}

static void test_key_is_destination_and_salt(void **state)
{
    struct buf key = {0};

    (void)state;
    record_work_key(&key, SLICE("example.com"), SLICE("aaaaaaaaabbbbbbbbbbb"), 1);
    assert_string_equal(buf_str(&key), "example.com#0");
    buf_clear(&key);
    record_work_key(&key, SLICE("example.com"), SLICE("aaaaaaaaabbbbbbbbbbb"), 64);
    assert_string_equal(buf_str(&key), "example.com#44");
    buf_free(&key);
}

static void test_salts_use_the_whole_fanout(void **state)
{
    struct buf key = {0};
    unsigned seen = 0;

    (void)state;
    for (char c = 'a'; c <= 'z'; c++) {
        buf_clear(&key);
        record_work_key(&key, SLICE("x.test"), slice_of(&c, 1), 4);
        assert_int_equal(key.len, strlen("x.test#0"));
        seen |= 1u << (key.at[key.len - 1] - '0');
    }
    assert_int_equal(seen, 0xf);
    buf_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_destination_is_the_domain_in_lower_case),
        cmocka_unit_test(test_key_is_destination_and_salt),
        cmocka_unit_test(test_salts_use_the_whole_fanout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
