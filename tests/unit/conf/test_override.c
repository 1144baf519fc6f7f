/* SPDX-License-Identifier: Apache-2.0
 * Overrides: grafted on the tree, named in faults. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/conf/sample.h"

static const char FILE_TEXT[] = "sample: { name = \"n\"; port = 1; };\n"
                                "listeners = ( { label = \"one\"; } );\n";

static void test_overrides_replace_and_add(void **state)
{
    const char *const overrides[] = {"sample.port=2",
                                     "sample.name=two words",
                                     "sample.hosts=[\"a\", \"b\"]",
                                     "sample.size=5000000000",
                                     "listeners.[0].port=26",
                                     "listeners.[1].label=127.0.0.1:25",
                                     "sample.port=3",
                                     NULL};
    struct sample sample;

    (void)state;
    sample_read(&sample, FILE_TEXT, overrides);
    assert_string_equal(buf_str(&sample.faults), "");
    const struct sample_values *values = conf_values(sample.conf, &SAMPLE_PLAIN);
    assert_int_equal(values->port, 3);
    assert_string_equal(values->name, "two words");
    assert_string_equal(values->hosts[1], "b");
    assert_int_equal(values->size_bytes, 5000000000);
    assert_int_equal(conf_count(sample.conf, &SAMPLE_LIST), 2);
    const struct sample_element *element = conf_element(sample.conf, &SAMPLE_LIST, 0);
    assert_string_equal(element->label, "one");
    assert_int_equal(element->port, 26);
    element = conf_element(sample.conf, &SAMPLE_LIST, 1);
    assert_string_equal(element->label, "127.0.0.1:25");
    sample_free(&sample);
}

static void test_override_of_a_whole_section(void **state)
{
    const char *const overrides[] = {"listeners=({ label = \"x\"; port = 9; }, { label = \"y\"; })",
                                     NULL};
    struct sample sample;

    (void)state;
    sample_read(&sample, FILE_TEXT, overrides);
    assert_string_equal(buf_str(&sample.faults), "");
    assert_int_equal(conf_count(sample.conf, &SAMPLE_LIST), 2);
    const struct sample_element *element = conf_element(sample.conf, &SAMPLE_LIST, 0);
    assert_int_equal(element->port, 9);
    sample_free(&sample);
}

static void test_faults_name_the_override(void **state)
{
    const char *const overrides[] = {
        "sample.port=99999", "sample.prot=1",        "nothing",
        "sample.name.x=1",   "listeners.[7].port=1", "listeners.port=1",
        "sample.=1",         "listeners.[0]=1",      NULL};

    (void)state;
    sample_expect_faults(
        FILE_TEXT, overrides,
        "--set nothing: there is no \"=\"; allowed: section.name=value\n"
        "--set sample.name.x=1: \"name\" is no group; allowed: section.name=value, or "
        "section.[0].name=value for lists\n"
        "--set listeners.[7].port=1: there is no element [7]; allowed: up to [1]\n"
        "--set listeners.port=1: \"listeners\" is no group; allowed: section.name=value, or "
        "section.[0].name=value for lists\n"
        "--set sample.=1: \"\" is no name of a setting; allowed: letters, digits, _ and -\n"
        "--set listeners.[0]=1: allowed: section.name=value, or section.[0].name=value for lists\n"
        "--set sample.prot=1: unknown setting \"sample.prot\"; did you mean \"port\"?\n"
        "--set sample.port=99999: sample.port is 99999; allowed: an integer from 0 to 65535\n");
}

static void test_override_cannot_smuggle_a_second_setting(void **state)
{
    const char *const overrides[] = {"sample.name=1; port = 7", NULL};
    struct sample sample;

    (void)state;
    sample_read(&sample, FILE_TEXT, overrides);
    const struct sample_values *values = conf_values(sample.conf, &SAMPLE_PLAIN);
    assert_string_equal(values->name, "1; port = 7");
    assert_int_equal(values->port, 1);
    sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overrides_replace_and_add),
        cmocka_unit_test(test_override_of_a_whole_section),
        cmocka_unit_test(test_faults_name_the_override),
        cmocka_unit_test(test_override_cannot_smuggle_a_second_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
