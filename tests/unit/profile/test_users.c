/* SPDX-License-Identifier: Apache-2.0
 * Lines of a users file, and the file as a whole: what is taken, and what is said where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "profile/users.h"
#include "unit/base/private_file.h"

#define SALT "AAECAwQFBgcICQoLDA0ODw==" /* 0 to 15 */
#define KEY  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SHOP "shop:scrypt:ln=15,r=8,p=1:" SALT ":" KEY

static void test_a_line_both_ways(void **state)
{
    struct buf line = {0};
    struct user user;
    struct err err;

    (void)state;
    assert_int_equal(user_parse(SLICE(SHOP), &user, &err), 0);
    assert_true(slice_eq(user.name, SLICE("shop")));
    assert_int_equal(user.log2_n, 15);
    assert_int_equal(user.salt_len, 16);
    assert_int_equal(user.key_len, 32);
    assert_int_equal(user.key[31], 31);
    user_put(&line, &user);
    assert_true(slice_eq(buf_slice(&line), SLICE(SHOP "\n")));
    buf_free(&line);
}

static void test_bad_lines_are_refused(void **state)
{
    static const char *const BAD[] = {
        "",
        "shop",
        ":scrypt:ln=15,r=8,p=1:" SALT ":" KEY,
        "a b:scrypt:ln=15,r=8,p=1:" SALT ":" KEY,
        "#shop:scrypt:ln=15,r=8,p=1:" SALT ":" KEY,
        "sh\xc3\xb6p:scrypt:ln=15,r=8,p=1:" SALT ":" KEY,
        "shop:plain:ln=15,r=8,p=1:" SALT ":" KEY,
        "shop:scrypt:r=8,p=1,ln=15:" SALT ":" KEY,
        "shop:scrypt:ln=15,r=8:" SALT ":" KEY,
        "shop:scrypt:ln=15,r=8,p=1,x=1:" SALT ":" KEY,
        "shop:scrypt:ln=9,r=8,p=1:" SALT ":" KEY,
        "shop:scrypt:ln=21,r=8,p=1:" SALT ":" KEY,
        "shop:scrypt:ln=17,r=8,p=1:" SALT ":" KEY, /* 128 MiB */
        "shop:scrypt:ln=15,r=0,p=1:" SALT ":" KEY,
        "shop:scrypt:ln=15,r=8,p=17:" SALT ":" KEY,
        "shop:scrypt:ln=99999999999999999999,r=8,p=1:" SALT ":" KEY,
        "shop:scrypt:ln=15,r=8,p=1:" SALT,
        "shop:scrypt:ln=15,r=8,p=1:AAAA:" KEY,
        "shop:scrypt:ln=15,r=8,p=1:" SALT ":AAAA",
        "shop:scrypt:ln=15,r=8,p=1:" SALT ":" KEY ":",
        "shop:scrypt:ln=15,r=8,p=1:" SALT ":!" KEY,
    };
    struct user user;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        if (user_parse(slice_str(BAD[i]), &user, &err) == 0 || err.kind != ERR_INVALID)
            fail_msg("taken: %s", BAD[i]);
}

static void test_lengths_are_bounded(void **state)
{
    char name[USER_NAME_MAX + 2];
    char line[USER_LINE_MAX + 2];
    struct user user;
    struct err err;

    (void)state;
    memset(name, 'n', sizeof name);
    assert_int_equal(user_check_name(slice_of(name, USER_NAME_MAX), &err), 0);
    assert_int_equal(user_check_name(slice_of(name, USER_NAME_MAX + 1), &err), -1);
    memset(line, 'n', sizeof line);
    assert_int_equal(user_parse(slice_of(line, USER_LINE_MAX + 1), &user, &err), -1);
    assert_non_null(strstr(err.text, "at most 600"));
}

struct file {
    char path[PRIVATE_FILE_PATH];
};

static struct file file_with(const char *text)
{
    struct file file;

    private_file_new(file.path, slice_str(text));
    return file;
}

static void test_a_file_is_read(void **state)
{
    struct file file = file_with("# ours\n\n" SHOP "\r\n  other" SHOP "  \n#" SHOP "\nlast" SHOP);
    struct users *users = NULL;
    struct err err;

    (void)state;
    assert_int_equal(users_new(file.path, &users, &err), 0);
    (void)unlink(file.path);
    assert_int_equal(users_count(users), 3);
    assert_true(slice_eq(users_at(users, 1)->name, SLICE("othershop")));
    assert_ptr_equal(users_find(users, SLICE("lastshop")), users_at(users, 2));
    assert_null(users_find(users, SLICE("Shop")));
    assert_null(users_find(users, SLICE("")));
    users_free(&users);
    assert_null(users);
}

static void test_faults_name_file_and_line(void **state)
{
    struct file twice = file_with(SHOP "\n\n" SHOP "\n");
    struct file bad = file_with(SHOP "\nother:scrypt\n");
    struct users *users = NULL;
    struct err err;

    (void)state;
    assert_int_equal(users_new(twice.path, &users, &err), -1);
    assert_true(slice_starts_nocase(slice_str(err.text), slice_str(twice.path)));
    assert_non_null(strstr(err.text, ":3: user \"shop\" is there already"));
    assert_int_equal(users_new(bad.path, &users, &err), -1);
    assert_non_null(strstr(err.text, ":2: "));
    (void)unlink(twice.path);
    (void)unlink(bad.path);
    assert_int_equal(users_new(bad.path, &users, &err), -1);
    assert_non_null(strstr(err.text, "No such file"));
    assert_null(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_both_ways),
        cmocka_unit_test(test_bad_lines_are_refused),
        cmocka_unit_test(test_lengths_are_bounded),
        cmocka_unit_test(test_a_file_is_read),
        cmocka_unit_test(test_faults_name_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
