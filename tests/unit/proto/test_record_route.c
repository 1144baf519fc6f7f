/* SPDX-License-Identifier: Apache-2.0
 * Destinations: golden values, because nodes of mixed versions must agree. */
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

static void test_s24_destination_of_a_copy_is_no_domain(void **state)
{
    struct arena *arena = arena_new(256);
    struct slice by_name =
        record_copy_destination(arena, &(struct record_copy){SLICE("Archive.Example"), 25});
    struct slice by_address =
        record_copy_destination(arena, &(struct record_copy){SLICE("2001:db8::1"), 2525});

    (void)state;
    assert_true(slice_eq(by_name, SLICE("archive.example:25")));
    assert_true(slice_eq(by_address, SLICE("2001:db8::1:2525")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_destination_is_the_domain_in_lower_case),
        cmocka_unit_test(test_s24_destination_of_a_copy_is_no_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
