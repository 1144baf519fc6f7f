/* SPDX-License-Identifier: Apache-2.0
 * conf_read: values, defaults, and every fault in one pass with its line. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/conf/sample.h"

static void test_values_are_read(void **state)
{
    struct sample sample;

    (void)state;
    sample_read(&sample,
                "sample: {\n flag = true; port = 2525; size = \"10 MiB\"; word = \"linear\";\n"
                " name = \"relay\"; hosts = [ \"a\", \"b\" ]; # hosts\n};\n"
                "listeners = ( { label = \"one\"; }, { label = \"two\"; port = 0x10; } );\n"
                "elsewhere: { anything = 1; };\n",
                NULL);
    assert_string_equal(buf_str(&sample.faults), "");
    const struct sample_values *values = conf_values(sample.conf, &SAMPLE_PLAIN);
    assert_true(values->flag);
    assert_int_equal(values->port, 2525);
    assert_int_equal(values->size_bytes, 10 * 1024 * 1024);
    assert_int_equal(values->word, 0);
    assert_string_equal(values->name, "relay");
    assert_string_equal(values->hosts[0], "a");
    assert_string_equal(values->hosts[1], "b");
    assert_null(values->hosts[2]);
    assert_int_equal(conf_count(sample.conf, &SAMPLE_LIST), 2);
    const struct sample_element *element = conf_element(sample.conf, &SAMPLE_LIST, 0);
    assert_string_equal(element->label, "one");
    assert_int_equal(element->port, 2525);
    element = conf_element(sample.conf, &SAMPLE_LIST, 1);
    assert_string_equal(element->label, "two");
    assert_int_equal(element->port, 16);
    sample_free(&sample);
}

static void test_defaults_fill_in(void **state)
{
    struct sample sample;

    (void)state;
    sample_read(&sample, "sample: { name = \"n\"; };", NULL);
    assert_string_equal(buf_str(&sample.faults), "");
    const struct sample_values *values = conf_values(sample.conf, &SAMPLE_PLAIN);
    assert_false(values->flag);
    assert_int_equal(values->port, 25);
    assert_int_equal(values->size_bytes, 65536);
    assert_int_equal(values->word, 1);
    assert_string_equal(values->password, "");
    assert_null(values->hosts[0]);
    assert_int_equal(conf_count(sample.conf, &SAMPLE_LIST), 0);
    sample_free(&sample);
}

static void test_every_fault_is_reported_with_its_line(void **state)
{
    (void)state;
    sample_expect_faults(
        "sampel: { };\n"
        "whatever = 1;\n"
        "sample: {\n"
        " prot = 1;\n"
        " zzz = 1;\n"
        " port = 70000;\n"
        " flag = 1;\n"
        " size = \"10 TB\";\n"
        " word = \"quadratic\";\n"
        " name = 5;\n"
        " hosts = [ 1 ];\n"
        "};\n"
        "listeners = ( { port = 1; },\n 5, { label = \"x\"; lable = 1; } );\n",
        NULL,
        ":1: unknown section \"sampel\"; did you mean \"sample\"?\n"
        ":2: unknown section \"whatever\"; allowed: sample, listeners, elsewhere\n"
        ":4: unknown setting \"sample.prot\"; did you mean \"port\"?\n"
        ":5: unknown setting \"sample.zzz\"; allowed: flag, hosts, name, password, port, size, "
        "word\n"
        ":7: sample.flag is 1; allowed: true or false\n"
        ":11: sample.hosts is 1; allowed: a list of strings like [\"a\", \"b\"] of up to 3 "
        "elements\n"
        ":10: sample.name is 5; allowed: a string of 1 to 20 characters\n"
        ":6: sample.port is 70000; allowed: an integer from 0 to 65535\n"
        ":8: sample.size is \"10 TB\"; allowed: a size from 1 KiB to 1024 GiB, as a number of "
        "bytes or like \"64 KiB\"\n"
        ":9: sample.word is \"quadratic\"; allowed: \"linear\" or \"exponential\"\n"
        ":13: listeners.label is missing; allowed: a string\n"
        ":14: an element of \"listeners\" is no group; allowed: { name = value; }\n"
        ":14: unknown setting \"listeners.lable\"; did you mean \"label\"?\n");
}

static void test_faults_of_shape(void **state)
{
    (void)state;
    sample_expect_faults("sample = 5;\nlisteners: { };\n", NULL,
                         ":1: \"sample\" is no group; allowed: sample: { name = value; };\n"
                         ":2: \"listeners\" is no list; allowed: listeners = ( { name = value; } "
                         ");\n");
}

static void test_mandatory_setting_of_an_absent_section_is_missed(void **state)
{
    (void)state;
    sample_expect_faults("", NULL,
                         ": sample.name is missing; allowed: a string of 1 to 20 characters\n");
}

static void test_implied_value_replaces_a_string(void **state)
{
    struct sample sample;

    (void)state;
    sample_read(&sample, "sample: { name = \"n\"; };", NULL);
    conf_set_string(sample.conf, &SAMPLE_PLAIN, "name", "implied");
    const struct sample_values *values = conf_values(sample.conf, &SAMPLE_PLAIN);
    assert_string_equal(values->name, "implied");
    sample_free(&sample);
}

static void test_further_rules_speak(void **state)
{
    (void)state;
    sample_expect_faults("sample: {\n name = \"xa\"; hosts = [\"a\",\n \"xb\"];\n};\n", NULL,
                         ":2: sample.hosts is \"xb\": allowed: a name that does not begin with x\n"
                         ":2: sample.name is \"xa\": allowed: a name that does not begin with x\n");
    sample_expect_faults("\nsample: { name = \"a\"; flag = true; port = 0; };\n", NULL,
                         ":2: sample: flag needs a port; allowed: port from 1\n");
}

/* Once all sections are fine by themselves, and each struct is asked. */
static void test_rules_between_structs_speak(void **state)
{
    (void)state;
    sample_expect_faults("sample: { name = \"a\"; };\nlisteners = ( { label = \"x\"; },\n"
                         " { label = \"x\"; },\n { label = \"y\"; }, { label = \"y\"; } );\n",
                         NULL,
                         ":3: listeners: label \"x\" is there twice\n"
                         ":4: listeners: label \"y\" is there twice\n");
    sample_expect_faults("sample: { name = 5; };\n"
                         "listeners = ( { label = \"x\"; }, { label = \"x\"; } );\n",
                         NULL, ":1: sample.name is 5; allowed: a string of 1 to 20 characters\n");
}

static void test_number_beyond_32_bits_is_not_cut(void **state)
{
    struct sample sample;

    (void)state;
    sample_expect_faults("sample: { name = \"a\";\n port = 4294967321; };", NULL,
                         ":2: sample.port is 4294967321; allowed: an integer from 0 to 65535\n");
    sample_read(&sample, "sample: { name = \"a\"; size = 5000000000; };", NULL);
    const struct sample_values *values = conf_values(sample.conf, &SAMPLE_PLAIN);
    assert_int_equal(values->size_bytes, 5000000000);
    sample_free(&sample);
}

static void test_syntax_errors_name_the_line(void **state)
{
    (void)state;
    sample_expect_faults("sample: {\n name = ;\n};\n", NULL,
                         ":2: syntax error; allowed: libconfig syntax, such as: section: { name = "
                         "\"value\"; };\n");
    sample_expect_faults("sample: {};\n\nsample: {};\n", NULL,
                         ":3: duplicate setting name; allowed: libconfig syntax, such as: section: "
                         "{ name = \"value\"; };\n");
    sample_expect_faults("\n@include \"other.conf\"\n", NULL,
                         ":2: @include is not supported; allowed: one file\n");
}

static void keep_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
}

static void expect_file_fault(const char *file, const char *fault)
{
    const char *const none[] = {NULL};
    struct buf said = {0};
    const struct conf_faults faults = {keep_fault, &said};
    struct conf *conf = NULL;

    assert_int_equal(conf_read(file, none, SAMPLE_SECTIONS, &faults, &conf), -1);
    assert_string_equal(buf_str(&said), fault);
    buf_free(&said);
}

static void test_unreadable_files_are_faults(void **state)
{
    (void)state;
    expect_file_fault("/nowhere/hikyaku.conf",
                      "/nowhere/hikyaku.conf: cannot be opened: No such file or directory");
    expect_file_fault("/", "/: cannot be read: Is a directory");
    expect_file_fault("/dev/zero", "/dev/zero: is too large; allowed: up to 4 MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_read),
        cmocka_unit_test(test_defaults_fill_in),
        cmocka_unit_test(test_every_fault_is_reported_with_its_line),
        cmocka_unit_test(test_faults_of_shape),
        cmocka_unit_test(test_mandatory_setting_of_an_absent_section_is_missed),
        cmocka_unit_test(test_implied_value_replaces_a_string),
        cmocka_unit_test(test_further_rules_speak),
        cmocka_unit_test(test_rules_between_structs_speak),
        cmocka_unit_test(test_number_beyond_32_bits_is_not_cut),
        cmocka_unit_test(test_syntax_errors_name_the_line),
        cmocka_unit_test(test_unreadable_files_are_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
