/* SPDX-License-Identifier: Apache-2.0
 * Which names are near. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "conf/suggest.h"

static void test_nearest_name_wins(void **state)
{
    static const struct {
        const char *given, *expected;
    } ROWS[] = {
        {"prot", "port"},
        {"por", "port"},
        {"ports", "port"},
        {"zzzz", NULL},
        {"hostnme", "hostname"},
        {"host_name", "hostname"},
        {"hsotnaem", "hostname"},
        {"", NULL},
        {"p", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct conf_suggestion near = {0};
        conf_suggest(&near, ROWS[i].given, "hostname");
        conf_suggest(&near, ROWS[i].given, "port");
        conf_suggest(&near, ROWS[i].given, "pool_count");
        if (ROWS[i].expected)
            assert_string_equal(near.name, ROWS[i].expected);
        else
            assert_null(near.name);
    }
}

static void test_overlong_names_are_left_alone(void **state)
{
    struct conf_suggestion near = {0};

    (void)state;
    conf_suggest(&near, "a234567890123456789012345678901234567890123456789",
                 "a23456789012345678901234567890123456789012345678");
    assert_null(near.name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest_name_wins),
        cmocka_unit_test(test_overlong_names_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
