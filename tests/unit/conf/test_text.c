/* SPDX-License-Identifier: Apache-2.0
 * The scan before libconfig. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "conf/text.h"

static void test_only_long_integers_get_their_l(void **state)
{
    static const struct {
        const char *text, *expected;
    } ROWS[] = {
        {"a = 123456789;", "a = 123456789;"},
        {"a = 1234567890;", "a = 1234567890L;"},
        {"a = 1234567890L;", "a = 1234567890L;"},
        {"a = -1234567890", "a = -1234567890L"},
        {"a = 0xFFFFFFFFFF;", "a = 0xFFFFFFFFFFL;"},
        {"a = 1234567890.5;", "a = 1234567890.5;"},
        {"a1234567890 = 1", "a1234567890 = 1"},
        {"a = \"1234567890\";", "a = \"1234567890\";"},
        {"a = \"\\\" 1234567890\"; b = 1234567890", "a = \"\\\" 1234567890\"; b = 1234567890L"},
        {"# 1234567890\n1234567890", "# 1234567890\n1234567890L"},
        {"// 1234567890", "// 1234567890"},
        {"/* 1234567890 */ 1234567890", "/* 1234567890 */ 1234567890L"},
        {"/* 1234567890", "/* 1234567890"},
        {"\"1234567890", "\"1234567890"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct buf out = {0};
        assert_int_equal(conf_text_widen(slice_str(ROWS[i].text), &out), 0);
        assert_string_equal(buf_str(&out), ROWS[i].expected);
        buf_free(&out);
    }
}

static void test_include_is_found_outside_comments_and_strings(void **state)
{
    struct buf out = {0};

    (void)state;
    assert_int_equal(conf_text_widen(SLICE("a;\n\n@include \"x\"\n"), &out), 3);
    assert_int_equal(conf_text_widen(SLICE("# @include\n\"@include\""), &out), 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_long_integers_get_their_l),
        cmocka_unit_test(test_include_is_found_outside_comments_and_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
