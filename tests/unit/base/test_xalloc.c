/* SPDX-License-Identifier: Apache-2.0
 * Texts of any length on the heap. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

#include "base/xalloc.h"

static void test_formatted_text_is_whole(void **state)
{
    char *empty = xasprintf("%s", ""), *text = xasprintf("%s-%04d", "topic", 7);

    (void)state;
    assert_string_equal(empty, "");
    assert_string_equal(text, "topic-0007");
    char *wide = xasprintf("%*s", 100000, text);
    assert_int_equal(strlen(wide), 100000);
    assert_string_equal(wide + 100000 - strlen(text), text);
    xfree(wide);
    xfree(text);
    xfree(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formatted_text_is_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
