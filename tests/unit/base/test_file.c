/* SPDX-License-Identifier: Apache-2.0
 * Files that are replaced, and secrets in files. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

struct place {
    char folder[40];
    char first[64], second[64], link[64];
};

static void put(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void begin(struct place *place)
{
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/hikyaku-file-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->first, sizeof place->first, "%s/first", place->folder);
    (void)snprintf(place->second, sizeof place->second, "%s/second", place->folder);
    (void)snprintf(place->link, sizeof place->link, "%s/link", place->folder);
    put(place->first, "same", 4);
    put(place->second, "same", 4);
}

static void end(const struct place *place)
{
    (void)unlink(place->first);
    (void)unlink(place->second);
    (void)unlink(place->link);
    assert_int_equal(rmdir(place->folder), 0);
}

/* As a cluster does it: the name stays a link, what it leads to is another file. */
static void test_a_switched_link_is_another_stamp(void **state)
{
    struct place place;

    (void)state;
    begin(&place);
    assert_int_equal(symlink("first", place.link), 0);
    struct file_stamp before = file_stamp_of(place.link), again = file_stamp_of(place.link);
    assert_true(file_stamp_eq(&before, &again));
    assert_int_equal(unlink(place.link), 0);
    struct file_stamp none = file_stamp_of(place.link), nowhere = {0};
    assert_true(file_stamp_eq(&none, &nowhere));
    assert_int_equal(symlink("second", place.link), 0);
    struct file_stamp after = file_stamp_of(place.link);
    assert_false(file_stamp_eq(&before, &after));
    end(&place);
}

static void test_a_secret_is_the_text_without_the_line_end(void **state)
{
    static const struct {
        const char *file, *secret;
    } rows[] = {{"word", "word"}, {"word\n", "word"}, {"word\r\n", "word"}, {" a \n\n", " a \n"}};
    struct place place;
    struct err err;

    (void)state;
    begin(&place);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text = {0};
        put(place.first, rows[i].file, strlen(rows[i].file));
        assert_int_equal(file_read_secret(place.first, &text, &err), 0);
        assert_string_equal(buf_str(&text), rows[i].secret);
        buf_wipe(&text);
    }
    end(&place);
}

static void test_what_is_no_secret_is_refused_by_its_path_alone(void **state)
{
    static char large[FILE_SECRET_MAX + 1];
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } rows[] = {{"", 0, "it is empty"},
                {"\n", 1, "it is empty"},
                {"sec\0ret", 7, "it has a NUL"},
                {large, sizeof large, "it is larger than 1 MiB"}};
    struct place place;
    struct buf text = {0};
    struct err err;

    (void)state;
    memset(large, 'x', sizeof large);
    begin(&place);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put(place.first, rows[i].bytes, rows[i].len);
        assert_int_equal(file_read_secret(place.first, &text, &err), -1);
        assert_non_null(strstr(err.text, rows[i].why));
        assert_non_null(strstr(err.text, place.first));
    }
    assert_int_equal(file_read_secret(place.link, &text, &err), -1);
    assert_non_null(strstr(err.text, "No such file"));
    assert_null(text.at);
    end(&place);
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
