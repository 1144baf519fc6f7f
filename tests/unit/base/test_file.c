/* SPDX-License-Identifier: Apache-2.0
 * Files that are replaced, and secrets in files. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/file.h"
#include "unit/base/private_file.h"

/* As a cluster does it: the name stays a name, what it leads to is another file. */
static void test_a_switched_link_is_another_stamp(void **state)
{
    char first[PRIVATE_FILE_PATH], second[PRIVATE_FILE_PATH], name[PRIVATE_FILE_PATH];

    (void)state;
    private_file_new(first, SLICE("same"));
    private_file_new(second, SLICE("same"));
    private_file_new(name, SLICE_NONE);
    assert_int_equal(unlink(name), 0);
    struct file_stamp none = file_stamp_of(name), nowhere = {0};
    assert_true(file_stamp_eq(&none, &nowhere));
    assert_int_equal(symlink(first, name), 0);
    struct file_stamp before = file_stamp_of(name), again = file_stamp_of(name);
    assert_true(file_stamp_eq(&before, &again));
    assert_int_equal(unlink(name), 0);
    assert_int_equal(symlink(second, name), 0);
    struct file_stamp after = file_stamp_of(name);
    assert_false(file_stamp_eq(&before, &after));
    (void)unlink(name);
    (void)unlink(first);
    (void)unlink(second);
}

static void test_a_secret_is_the_text_without_the_line_end(void **state)
{
    static const struct {
        const char *file, *secret;
    } rows[] = {{"word", "word"}, {"word\n", "word"}, {"word\r\n", "word"}, {" a \n\n", " a \n"}};
    char path[PRIVATE_FILE_PATH];
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = {0};
        private_file_new(path, slice_str(rows[i].file));
        assert_int_equal(file_read_secret(path, &text, &err), 0);
        assert_string_equal(buf_str(&text), rows[i].secret);
        buf_wipe(&text);
        (void)unlink(path);
    }
}

static void test_what_is_no_secret_is_refused_by_its_path_alone(void **state)
{
    static char large[FILE_SECRET_MAX + 1];
    static const struct {
        struct slice bytes;
        const char *why;
    } rows[] = {{SLICE(""), "it is empty"},
                {SLICE("\n"), "it is empty"},
                {SLICE("sec\0ret"), "it has a NUL"},
                {{large, sizeof large}, "it is larger than 1 MiB"}};
    char path[PRIVATE_FILE_PATH];
    struct buf text = {0};
    struct err err;

    (void)state;
    memset(large, 'x', sizeof large);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        private_file_new(path, rows[i].bytes);
        assert_int_equal(file_read_secret(path, &text, &err), -1);
        assert_non_null(strstr(err.text, rows[i].why));
        assert_non_null(strstr(err.text, path));
        (void)unlink(path);
    }
    assert_int_equal(file_read_secret(path, &text, &err), -1);
    assert_non_null(strstr(err.text, "No such file"));
    assert_null(text.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_switched_link_is_another_stamp),
        cmocka_unit_test(test_a_secret_is_the_text_without_the_line_end),
        cmocka_unit_test(test_what_is_no_secret_is_refused_by_its_path_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
