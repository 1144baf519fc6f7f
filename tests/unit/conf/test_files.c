/* SPDX-License-Identifier: Apache-2.0
 * The files behind settings: strings, each of a list of strings, in plain sections and in lists. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/buf.h"
#include "conf/conf.h"

struct values {
    const char *path;
    const char *const *named;
};

static const char *behind_colon(const char *value)
{
    const char *colon = strchr(value, ':');

    return colon ? colon + 1 : NULL;
}

static const struct conf_setting SETTINGS[] = {
    {.name = "path",
     .type = CONF_STRING,
     .offset = CONF_AT(struct values, path),
     .fallback = "",
     .help = "A file.",
     .file_of = conf_path},
    {.name = "named",
     .type = CONF_STRINGS,
     .offset = CONF_AT(struct values, named),
     .fallback = "",
     .help = "Some are files.",
     .file_of = behind_colon},
};

#define SECTION(words)                                                                             \
    .name = words, .help = "A section.", .settings = SETTINGS, .count = 2,                         \
    .size = sizeof(struct values)

static const struct conf_section PLAIN = {SECTION("plain")};
static const struct conf_section LIST = {SECTION("list"), .is_list = true};
static const struct conf_section FOREIGN = {.name = "foreign"};

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static void on_file(void *owner, const char *path)
{
    buf_addf(owner, "%s;", path);
}

static void test_every_file_is_told(void **state)
{
    static const struct conf_section *const sections[] = {&PLAIN, &FOREIGN, &LIST, NULL};
    static const char *const overrides[] = {"plain.path=/a",
                                            "plain.named=[\"x:/b\", \"none\", \"y:/c\"]",
                                            "list=({path=\"/d\";}, {named=[\"z:/e\"];})", NULL};
    const struct conf_faults faults = {on_fault, NULL};
    struct buf told = {0};
    struct conf *conf;

    (void)state;
    assert_int_equal(conf_read("/dev/null", overrides, sections, &faults, &conf), 0);
    conf_each_file(conf, sections, on_file, &told);
    assert_string_equal(buf_str(&told), "/a;/b;/c;/d;/e;");
    buf_free(&told);
    conf_free(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
