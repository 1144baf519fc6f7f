/* SPDX-License-Identifier: Apache-2.0
 * The one error value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/err.h"

static void test_set_fills_in_kind_and_sentence(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(err_set(&err, ERR_LIMIT, "%d of %s", 3, "four"), -1);
    assert_int_equal(err.kind, ERR_LIMIT);
    assert_string_equal(err.text, "3 of four");
}

static void test_wrap_puts_the_outer_before_the_inner(void **state)
{
    struct err err;

    (void)state;
    (void)err_set(&err, ERR_RETRY, "connection refused");
    assert_int_equal(err_wrap(&err, "redis %s", "s1"), -1);
    assert_int_equal(err_wrap(&err, "index"), -1);
    assert_int_equal(err.kind, ERR_RETRY);
    assert_string_equal(err.text, "index: redis s1: connection refused");
}

static void test_long_texts_are_cut(void **state)
{
    struct err err;

    (void)state;
    (void)err_set(&err, ERR_INVALID, "%0400d", 1);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    (void)err_wrap(&err, "outer");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_memory_equal(err.text, "outer: 000", 10);
    (void)err_wrap(&err, "%0400d", 2);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_in_kind_and_sentence),
        cmocka_unit_test(test_wrap_puts_the_outer_before_the_inner),
        cmocka_unit_test(test_long_texts_are_cut),
    };

    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
