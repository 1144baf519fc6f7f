/* SPDX-License-Identifier: Apache-2.0
 * --print-config and the reference. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "unit/conf/sample.h"

static char *printed(const struct conf *conf)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    if (conf)
        conf_print(conf, SAMPLE_SECTIONS, out);
    else
        conf_print_reference(SAMPLE_SECTIONS, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_printed_configuration_reads_back_the_same(void **state)
{
    struct sample first, second;

    (void)state;
    sample_read(&first,
                "sample: { name = \"a\\\"b\\\\\\x01\"; flag = true; size = 5000000001; port = 7; "
                "hosts = [\"h\"]; };\n"
                "listeners = ( { label = \"\"; }, { label = \"l\"; port = 1; } );\n",
                NULL);
    assert_string_equal(buf_str(&first.faults), "");
    char *once = printed(first.conf);
    sample_read(&second, once, NULL);
    assert_string_equal(buf_str(&second.faults), "");
    char *twice = printed(second.conf);
    assert_string_equal(once, twice);
    const struct sample_values *values = conf_values(second.conf, &SAMPLE_PLAIN);
    assert_string_equal(values->name, "a\"b\\\x01");
    assert_int_equal(values->size_bytes, 5000000001);
    assert_true(values->flag);
    free(once);
    free(twice);
    sample_free(&first);
    sample_free(&second);
}

static void test_secrets_are_not_printed(void **state)
{
    struct sample sample;

    (void)state;
    sample_read(&sample,
                "sample: { name = \"n\"; password = \"hunter2\"; "
                "hosts = [\"sasl.password=hunter2\", \"a=b\"]; };",
                NULL);
    char *text = printed(sample.conf);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "password = \"***\";"));
    assert_non_null(strstr(text, "hosts = [\"sasl.password=***\", \"a=b\"];"));
    free(text);
    sample_free(&sample);
}

static void test_reference_names_all(void **state)
{
    char *text = printed(NULL);

    (void)state;
    assert_non_null(strstr(text, "## sample\n\nA group.\n"));
    assert_non_null(strstr(text, "## listeners (list)\n"));
    assert_non_null(strstr(text, "| `name` | a string of 1 to 20 characters | (mandatory) | A "
                                 "mandatory name. |\n"));
    assert_non_null(strstr(text, "| `hosts` | a list of strings like [\"a\", \"b\"] of up to 3 "
                                 "elements | `[]` |"));
    assert_non_null(strstr(text, "one \\| the other"));
    assert_null(strstr(text, "elsewhere"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printed_configuration_reads_back_the_same),
        cmocka_unit_test(test_secrets_are_not_printed),
        cmocka_unit_test(test_reference_names_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
