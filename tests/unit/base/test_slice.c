/* SPDX-License-Identifier: Apache-2.0
 * Bounds of the one slice type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

static void test_sub_and_skip_clamp(void **state)
{
    struct slice s = SLICE("hello");

    (void)state;
    assert_true(slice_eq(slice_sub(s, 1, 3), SLICE("el")));
    assert_true(slice_eq(slice_sub(s, 3, 99), SLICE("lo")));
    assert_int_equal(slice_sub(s, 4, 2).len, 0);
    assert_int_equal(slice_sub(s, 99, 100).len, 0);
    assert_true(slice_eq(slice_skip(s, 4), SLICE("o")));
    assert_int_equal(slice_skip(s, SIZE_MAX).len, 0);
    assert_int_equal(slice_sub(SLICE_NONE, 0, 9).len, 0);
    assert_null(slice_skip(SLICE_NONE, 3).at);
}

static void test_trim_takes_blanks_only(void **state)
{
    (void)state;
    assert_true(slice_eq(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    assert_true(slice_eq(slice_trim(SLICE("\r\na\n")), SLICE("\r\na\n")));
    assert_int_equal(slice_trim(SLICE(" \t ")).len, 0);
    assert_int_equal(slice_trim(SLICE_NONE).len, 0);
}

static void test_equality_knows_nul_and_case(void **state)
{
    (void)state;
    assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_true(slice_eq(SLICE_NONE, SLICE("")));
    assert_true(slice_eq_nocase(SLICE("aZ9@["), SLICE("Az9@[")));
    assert_false(slice_eq_nocase(SLICE("@"), SLICE("`")));
    assert_false(slice_eq_nocase(SLICE("a"), SLICE("ab")));
    assert_true(slice_starts_nocase(SLICE("FROM:<a>"), SLICE("from:")));
    assert_false(slice_starts_nocase(SLICE("FR"), SLICE("from:")));
    assert_true(slice_ends_nocase(SLICE("mx.Example.TEST"), SLICE(".example.test")));
    assert_false(slice_ends_nocase(SLICE("test"), SLICE(".test")));
}

static void test_order_is_by_octets_then_length(void **state)
{
    (void)state;
    assert_true(slice_cmp(SLICE("a"), SLICE("b")) < 0);
    assert_true(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
    assert_true(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
    assert_int_equal(slice_cmp(SLICE("ab"), SLICE("ab")), 0);
    assert_int_equal(slice_cmp(SLICE_NONE, SLICE("")), 0);
}

static void test_find_gives_the_length_when_absent(void **state)
{
    struct slice s = SLICE("a.b.c");

    (void)state;
    assert_int_equal(slice_find(s, '.'), 1);
    assert_int_equal(slice_rfind(s, '.'), 3);
    assert_int_equal(slice_find(s, '@'), 5);
    assert_int_equal(slice_rfind(s, '@'), 5);
    assert_int_equal(slice_find_slice(s, SLICE("b.")), 2);
    assert_int_equal(slice_find_slice(s, SLICE("c.")), 5);
    assert_int_equal(slice_find(SLICE_NONE, 'a'), 0);
}

static void test_cut_walks_a_list(void **state)
{
    struct slice rest = SLICE("a,,b");

    (void)state;
    assert_true(slice_eq(slice_cut(&rest, ','), SLICE("a")));
    assert_true(slice_eq(slice_cut(&rest, ','), SLICE("")));
    assert_true(slice_eq(slice_cut(&rest, ','), SLICE("b")));
    assert_int_equal(rest.len, 0);
    assert_int_equal(slice_cut(&rest, ',').len, 0);
}

static void test_numbers_are_digits_within_bounds(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_true(slice_to_u64(SLICE("18446744073709551615"), UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_false(slice_to_u64(SLICE("18446744073709551616"), UINT64_MAX, &value));
    assert_true(slice_to_u64(SLICE("0099"), 99, &value));
    assert_int_equal(value, 99);
    assert_false(slice_to_u64(SLICE("100"), 99, &value));
    assert_false(slice_to_u64(SLICE("5"), 4, &value));
    assert_false(slice_to_u64(SLICE(""), 99, &value));
    assert_false(slice_to_u64(SLICE("-1"), 99, &value));
    assert_false(slice_to_u64(SLICE("1 "), 99, &value));
    assert_int_equal(value, 99);
}

static void test_lower_is_ascii_only(void **state)
{
    char out[4];

    (void)state;
    slice_lower(SLICE("AZ\xc0["), out);
    assert_memory_equal(out, "az\xc0[", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sub_and_skip_clamp),
        cmocka_unit_test(test_trim_takes_blanks_only),
        cmocka_unit_test(test_equality_knows_nul_and_case),
        cmocka_unit_test(test_order_is_by_octets_then_length),
        cmocka_unit_test(test_find_gives_the_length_when_absent),
        cmocka_unit_test(test_cut_walks_a_list),
        cmocka_unit_test(test_numbers_are_digits_within_bounds),
        cmocka_unit_test(test_lower_is_ascii_only),
    };

    return cmocka_run_group_tests_name("base/slice", tests, NULL, NULL);
}
