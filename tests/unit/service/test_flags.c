/* SPDX-License-Identifier: Apache-2.0
 * The command line. */
#include "unit/service/cases.h"

#include "service/flags.h"

#define PARSE(flags, err, ...)                                                                     \
    parse((char *[]){(char[]){"program"}, __VA_ARGS__, NULL}, (flags), (err))
#define WORD(text) ((char[]){text})

static int parse(char **argv, struct flags *flags, struct err *err)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    return flags_parse(argc, argv, flags, err);
}

static void test_overrides_keep_their_order(void **state)
{
    struct flags flags;
    struct err err;

    (void)state;
    assert_int_equal(PARSE(&flags, &err, WORD("-c"), WORD("f"), WORD("--set"), WORD("a.b=1"),
                           WORD("--set=c.d=2")),
                     0);
    assert_int_equal(flags.action, FLAGS_RUN);
    assert_string_equal(flags.file, "f");
    assert_string_equal(flags.overrides[0], "a.b=1");
    assert_string_equal(flags.overrides[1], "c.d=2");
    assert_null(flags.overrides[2]);
    flags_free(&flags);
}

static void test_actions(void **state)
{
    struct flags flags;
    struct err err;

    (void)state;
    assert_int_equal(PARSE(&flags, &err, WORD("--version")), 0);
    assert_int_equal(flags.action, FLAGS_VERSION);
    flags_free(&flags);
    assert_int_equal(PARSE(&flags, &err, WORD("--check-config"), WORD("-cf")), 0);
    assert_int_equal(flags.action, FLAGS_CHECK_CONFIG);
    flags_free(&flags);
}

static void expect_wrong(int rc, struct flags *flags, const struct err *err, const char *text)
{
    assert_int_equal(rc, -1);
    assert_string_equal(err->text, text);
    flags_free(flags);
}

static void test_wrong_command_lines(void **state)
{
    struct flags flags;
    struct err err;

    (void)state;
    expect_wrong(PARSE(&flags, &err, WORD("--check-config")), &flags, &err,
                 "no configuration file; give one with -c FILE");
    expect_wrong(PARSE(&flags, &err, WORD("--nonsense")), &flags, &err,
                 "wrong flag or missing value: --nonsense; --help lists the flags");
    expect_wrong(PARSE(&flags, &err, WORD("-c")), &flags, &err,
                 "wrong flag or missing value: -c; --help lists the flags");
    expect_wrong(PARSE(&flags, &err, WORD("-c"), WORD("f"), WORD("extra")), &flags, &err,
                 "unexpected argument: extra; --help lists the flags");
}

CASES_RUN(CASE(test_overrides_keep_their_order), CASE(test_actions), CASE(test_wrong_command_lines))
