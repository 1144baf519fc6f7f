/* SPDX-License-Identifier: Apache-2.0
 * Sizes, and defaults that a table has wrong. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "conf/value.h"

static void test_sizes_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: none */
    } ROWS[] = {
        {"100", 100},
        {"64 KiB", 65536},
        {"64KiB", 65536},
        {"1 mib", 1048576},
        {"2 GiB", (int64_t)2 << 30},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", -1},
        {"8796093022208 MiB", -1},
        {"", -1},
        {"KiB", -1},
        {"-1", -1},
        {"1.5 MiB", -1},
        {"1 TB", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        int64_t bytes = -1;
        assert_int_equal(conf_size_parse(slice_str(ROWS[i].text), &bytes), ROWS[i].bytes != -1);
        assert_int_equal(bytes, ROWS[i].bytes);
    }
}

static void test_wrong_default_is_refused(void **state)
{
    const struct conf_setting setting = {
        .name = "n", .type = CONF_INT, .fallback = "9", .min = 1, .max = 5, .unit = "s"};
    struct arena *arena = arena_new(256);
    int64_t value = 0;
    struct err err;

    (void)state;
    assert_int_equal(conf_value_default(&setting, arena, &value, &err), -1);
    assert_string_equal(err.text, "is 9; allowed: an integer from 1 to 5 (s)");
    assert_int_equal(value, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_parse),
        cmocka_unit_test(test_wrong_default_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
