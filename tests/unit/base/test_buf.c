/* SPDX-License-Identifier: Apache-2.0
 * The growable buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void test_zero_is_empty_and_grows(void **state)
{
    struct buf b = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_add(&b, SLICE("0123456789"));
    assert_int_equal(b.len, 10000);
    assert_memory_equal(b.at + 9990, "0123456789", 10);
    buf_free(&b);
    assert_null(b.at);
    assert_int_equal(b.cap, 0);
}

static void test_the_ways_to_add(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "a");
    buf_add_str(&b, NULL);
    buf_add(&b, SLICE_NONE);
    buf_add_char(&b, '\0');
    buf_add_u64(&b, 0);
    buf_add_u64(&b, UINT64_MAX);
    buf_addf(&b, "%s-%03d", "x", 7);
    assert_true(slice_eq(buf_slice(&b), SLICE("a\0"
                                              "018446744073709551615x-007")));
    buf_free(&b);
}

static void test_a_long_format_fits(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_addf(&b, "%0500d", 1);
    assert_int_equal(b.len, 500);
    assert_int_equal(buf_str(&b)[500], '\0');
    buf_free(&b);
}

static void test_consume_moves_the_rest(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "abcdef");
    buf_consume(&b, 0);
    buf_consume(&b, 4);
    assert_string_equal(buf_str(&b), "ef");
    buf_consume(&b, 2);
    assert_string_equal(buf_str(&b), "");
    buf_free(&b);
}

static void test_clear_keeps_the_memory(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "abc");
    const char *at = b.at;
    buf_clear(&b);
    buf_add_str(&b, "d");
    assert_ptr_equal(b.at, at);
    assert_string_equal(buf_str(&b), "d");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zero_is_empty_and_grows),
        cmocka_unit_test(test_the_ways_to_add),
        cmocka_unit_test(test_a_long_format_fits),
        cmocka_unit_test(test_consume_moves_the_rest),
        cmocka_unit_test(test_clear_keeps_the_memory),
    };

    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
