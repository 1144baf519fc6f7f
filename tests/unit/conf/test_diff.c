/* SPDX-License-Identifier: Apache-2.0
 * The differences between two files, in words. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "conf/diff.h"
#include "unit/conf/sample.h"

static void add_line(void *owner, const struct conf_change *change)
{
    conf_change_put(change, owner);
    buf_add_char(owner, '\n');
}

static void expect(const char *before, const char *after, const char *words)
{
    struct sample first, second;
    struct buf lines = {0};
    const struct conf_changes changes = {add_line, &lines};

    sample_read(&first, before, NULL);
    sample_read(&second, after, NULL);
    assert_string_equal(buf_str(&first.faults), "");
    assert_string_equal(buf_str(&second.faults), "");
    conf_diff(first.conf, second.conf, SAMPLE_SECTIONS, &changes);
    assert_string_equal(buf_str(&lines), words);
    buf_free(&lines);
    sample_free(&first);
    sample_free(&second);
}

static void test_the_same_in_other_words_is_no_difference(void **state)
{
    (void)state;
    expect("sample: { name = \"a\"; size = 65536; port = 25; };\n",
           "# a comment\nsample: { size = \"64 KiB\"; name = \"a\"; };\nelsewhere: { x = 1; };\n",
           "");
}

static void test_each_setting_that_changed_is_one_line(void **state)
{
    (void)state;
    expect("sample: { name = \"a\"; flag = true; port = 7; };\n",
           "sample: { name = \"b\"; size = \"1 MiB\"; word = \"linear\"; hosts = [\"h\"]; };\n",
           "sample.flag: true -> false\n"
           "sample.hosts: [] -> [\"h\"]\n"
           "sample.name: \"a\" -> \"b\"\n"
           "sample.port: 7 -> 25\n"
           "sample.size: \"64 KiB\" -> \"1 MiB\"\n"
           "sample.word: \"exponential\" -> \"linear\"\n");
}

static void test_lists_of_strings_are_compared_to_their_ends(void **state)
{
    (void)state;
    expect("sample: { name = \"a\"; hosts = [\"h\"]; };\n",
           "sample: { name = \"a\"; hosts = [\"h\", \"i\"]; };\n",
           "sample.hosts: [\"h\"] -> [\"h\", \"i\"]\n");
    expect("sample: { name = \"a\"; hosts = [\"h\", \"i\"]; };\n",
           "sample: { name = \"a\"; hosts = [\"h\"]; };\n",
           "sample.hosts: [\"h\", \"i\"] -> [\"h\"]\n");
}

static void test_a_secret_that_changed_is_named_and_not_shown(void **state)
{
    (void)state;
    expect("sample: { name = \"a\"; password = \"old\"; };\n",
           "sample: { name = \"a\"; password = \"new\"; };\n",
           "sample.password: \"***\" -> \"***\"\n");
}

static struct conf *read_list(const struct conf_section *const *sections, const char *override)
{
    const char *const overrides[] = {override, NULL};
    const struct conf_faults faults = {NULL, NULL};
    struct conf *conf;

    assert_int_equal(conf_read("/dev/null", overrides, sections, &faults, &conf), 0);
    return conf;
}

static void expect_lists(const char *key, const char *before, const char *after, const char *words)
{
    struct conf_section list = SAMPLE_LIST;
    const struct conf_section *const sections[] = {&list, NULL};
    struct buf lines = {0};
    const struct conf_changes changes = {add_line, &lines};

    list.key = key;
    list.check_among = NULL;
    struct conf *old_conf = read_list(sections, before);
    struct conf *new_conf = read_list(sections, after);
    conf_diff(old_conf, new_conf, sections, &changes);
    assert_string_equal(buf_str(&lines), words);
    buf_free(&lines);
    conf_free(&old_conf);
    conf_free(&new_conf);
}

static void test_elements_are_matched_by_their_key(void **state)
{
    (void)state;
    expect_lists("label",
                 "listeners=({label=\"a\";port=1;}, {label=\"b\";port=2;}, "
                 "{label=\"c\";port=3;})",
                 "listeners=({label=\"d\";port=4;}, {label=\"c\";port=3;}, "
                 "{label=\"a\";port=9;})",
                 "listeners \"b\": removed\n"
                 "listeners \"d\": added\n"
                 "listeners \"d\" port: 2525 s -> 4 s\n"
                 "listeners \"a\" port: 1 s -> 9 s\n");
}

static void test_the_second_of_a_key_is_compared_with_the_second(void **state)
{
    (void)state;
    expect_lists("label", "listeners=({label=\"a\";port=1;}, {label=\"a\";port=2;})",
                 "listeners=({label=\"a\";port=1;}, {label=\"a\";port=3;}, {label=\"a\";})",
                 "listeners \"a\" port: 2 s -> 3 s\n"
                 "listeners \"a\": added\n");
}

static void test_elements_without_a_key_are_matched_by_their_place(void **state)
{
    (void)state;
    expect_lists(NULL, "listeners=({label=\"a\";port=1;}, {label=\"b\";})",
                 "listeners=({label=\"c\";port=1;})",
                 "listeners [1]: removed\n"
                 "listeners [0] label: \"a\" -> \"c\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_in_other_words_is_no_difference),
        cmocka_unit_test(test_each_setting_that_changed_is_one_line),
        cmocka_unit_test(test_lists_of_strings_are_compared_to_their_ends),
        cmocka_unit_test(test_a_secret_that_changed_is_named_and_not_shown),
        cmocka_unit_test(test_elements_are_matched_by_their_key),
        cmocka_unit_test(test_the_second_of_a_key_is_compared_with_the_second),
        cmocka_unit_test(test_elements_without_a_key_are_matched_by_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
