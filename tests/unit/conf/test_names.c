/* SPDX-License-Identifier: Apache-2.0
 * Nested groups: "retry.wait_s" of a table is wait_s in a group retry. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "unit/conf/sample.h"

#define NAMED "sample: { name = \"n\"; };\n"

static const struct sample_element *element_of(struct sample *sample)
{
    assert_string_equal(buf_str(&sample->faults), "");
    return conf_element(sample->conf, &SAMPLE_LIST, 0);
}

static void test_nested_values_and_defaults(void **state)
{
    struct sample sample;

    (void)state;
    sample_read(&sample, NAMED "listeners = ( { label = \"a\"; retry: { wait_s = 5; }; } );", NULL);
    assert_int_equal(element_of(&sample)->wait_s, 5);
    assert_int_equal(element_of(&sample)->tries, 3);
    sample_free(&sample);
}

static void test_overrides_reach_into_nested_groups(void **state)
{
    static const char *const SETS[] = {"listeners.[0].retry.wait_s=7", NULL};
    static const char *const WHOLE[] = {"listeners=({label=\"b\"; retry={tries=2;};})", NULL};
    struct sample sample;

    (void)state;
    sample_read(&sample, NAMED "listeners = ( { label = \"a\"; retry: { tries = 4; }; } );", SETS);
    assert_int_equal(element_of(&sample)->wait_s, 7);
    assert_int_equal(element_of(&sample)->tries, 4);
    sample_free(&sample);
    sample_read(&sample, NAMED, WHOLE);
    assert_int_equal(element_of(&sample)->tries, 2);
    sample_free(&sample);
}

static void test_faults_name_the_nested_place(void **state)
{
    (void)state;
    sample_expect_faults(
        NAMED "listeners = (\n"
              " { label = \"a\"; retry = 5; },\n"
              " { label = \"b\"; retry: { wait = 5; }; },\n"
              " { label = \"c\"; retry: { zzz = 5; label = \"d\"; }; },\n"
              " { label = \"d\"; wait_s = 5; retyr: { }; },\n"
              " { label = \"e\"; retry: { wait_s = 0; retry: { }; }; } );\n",
        NULL,
        ":3: \"listeners.retry\" is no group; allowed: retry: { name = value; };\n"
        ":4: unknown setting \"listeners.retry.wait\"; allowed: tries, wait_s\n"
        ":5: unknown setting \"listeners.retry.zzz\"; allowed: tries, wait_s\n"
        ":5: unknown setting \"listeners.retry.label\"; allowed: tries, wait_s\n"
        ":6: unknown setting \"listeners.wait_s\"; allowed: label, port, retry\n"
        ":6: unknown setting \"listeners.retyr\"; did you mean \"retry\"?\n"
        ":7: unknown setting \"listeners.retry.retry\"; allowed: tries, wait_s\n"
        ":7: listeners.retry.wait_s is 0; allowed: an integer from 1 to 600 (s)\n");
}

static void test_nested_groups_print_as_such(void **state)
{
    struct sample sample;
    char *text = NULL;
    size_t size = 0;

    (void)state;
    sample_read(&sample, NAMED "listeners = ( { label = \"a\"; } );", NULL);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    conf_print(sample.conf, SAMPLE_SECTIONS, out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "    port = 2525;\n"
                                 "    retry: {\n"
                                 "        # Tries.\n"
                                 "        tries = 3;\n"
                                 "        # A wait.\n"
                                 "        wait_s = 60;\n"
                                 "    };\n"
                                 "});\n"));
    free(text);
    sample_free(&sample);
}

static void test_defaults_of_a_list(void **state)
{
    struct sample sample;

    (void)state;
    sample_read(&sample, NAMED, NULL);
    const struct sample_element *defaults = conf_defaults(sample.conf, &SAMPLE_LIST);
    assert_int_equal(defaults->wait_s, 60);
    assert_int_equal(defaults->port, 2525);
    assert_null(defaults->label); /* mandatory */
    sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nested_values_and_defaults),
        cmocka_unit_test(test_overrides_reach_into_nested_groups),
        cmocka_unit_test(test_faults_name_the_nested_place),
        cmocka_unit_test(test_nested_groups_print_as_such),
        cmocka_unit_test(test_defaults_of_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
