/* SPDX-License-Identifier: Apache-2.0
 * Which group a destination is in, and which lists of groups are refused. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/buf.h"
#include "sender/dest_group.h"

static void on_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
}

/* NULL after a fault. */
static struct conf *read_groups(const char *list, struct buf *fault)
{
    static const struct conf_section *const SECTIONS[] = {&DESTINATION_GROUPS_SECTION, NULL};
    const struct conf_faults faults = {.on_fault = on_fault, .owner = fault};
    struct buf set = {0};
    const char *sets[] = {NULL, NULL};
    struct conf *conf = NULL;

    buf_addf(&set, "destination_groups=%s", list);
    sets[0] = buf_str(&set);
    int rc = conf_read("/dev/null", sets, SECTIONS, &faults, &conf);
    assert_int_equal(rc == 0, fault->len == 0);
    buf_free(&set);
    return conf;
}

struct row {
    const char *mx, *domain, *group;
};

static void expect(const char *list, const struct row *rows, size_t count)
{
    struct buf fault = {0};
    struct conf *conf = read_groups(list, &fault);
    struct dest_groups *groups;

    assert_non_null(conf);
    groups = dest_groups_new(conf);
    for (size_t i = 0; i < count; i++) {
        size_t group = dest_groups_find(groups, slice_str(rows[i].mx), slice_str(rows[i].domain));
        if (strcmp(dest_group_name(groups, group), rows[i].group) != 0)
            fail_msg("%s, %s is %s", rows[i].mx, rows[i].domain, dest_group_name(groups, group));
    }
    dest_groups_free(&groups);
    assert_null(groups);
    conf_free(&conf);
    buf_free(&fault);
}

static void test_built_in_groups(void **state)
{
    static const struct row ROWS[] = {
        {"gmail-smtp-in.l.google.com", "gmail.com", "gmail"},
        {"ASPMX2.GOOGLEMAIL.COM", "shop.example", "gmail"},
        {"shop-example.mail.protection.outlook.com", "shop.example", "microsoft"},
        {"mta5.am0.yahoodns.net", "yahoo.com", "yahoo"},
        {"mx1.mail.yahoo.co.jp", "yahoo.co.jp", "yahoo_japan"},
        {"mx01.mail.icloud.com", "me.com", "icloud"},
        {"mfsmax.docomo.ne.jp", "docomo.ne.jp", "docomo"},
        {"lsean.ezweb.ne.jp", "ezweb.ne.jp", "au"},
        {"mx.i.softbank.jp", "i.softbank.jp", "softbank"},
        {"", "rakumail.jp", "rakuten"},
        {"mx.shop.example", "shop.example", "other"},
        {"notgoogle.com", "shop.example", "other"}, /* no boundary of labels */
        {"google.com.evil.example", "shop.example", "other"},
        {"com", "com", "other"},
        {"", "", "other"},
    };

    (void)state;
    expect("()", ROWS, sizeof ROWS / sizeof *ROWS);
}

static void test_longest_suffix_wins_and_hosts_before_domains(void **state)
{
    static const struct row ROWS[] = {
        {"mx.example", "", "wide"},
        {"a.mx.example", "", "narrow"},
        {"b.a.mx.example", "", "narrow"},
        {"ba.mx.example", "", "wide"},
        {"b.a.mx.example", "dom.example", "narrow"},
        {"relay.example", "sub.dom.example", "by_domain"},
        {"dom.example", "other.example", "other"}, /* a domain's suffix says nothing about hosts */
        {"gmail-smtp-in.l.google.com", "gmail.com", "other"}, /* the built-in ones are replaced */
    };

    (void)state;
    expect("({name=\"wide\"; mx=[\"mx.example\"];}, {name=\"narrow\"; mx=[\"a.mx.example\"];}, "
           "{name=\"by_domain\"; domains=[\"dom.example\"];})",
           ROWS, sizeof ROWS / sizeof *ROWS);
}

static void refuse(const char *list, const char *sentence)
{
    struct buf fault = {0};

    assert_null(read_groups(list, &fault));
    if (!strstr(buf_str(&fault), sentence))
        fail_msg("%s", buf_str(&fault));
    buf_free(&fault);
}

static void test_lists_that_are_refused(void **state)
{
    (void)state;
    refuse("({name=\"other\"; mx=[\"a.example\"];})",
           "name \"other\" is that of what is in no group");
    refuse("({name=\"a b\"; mx=[\"a.example\"];})", "printable ASCII without blanks");
    refuse("({name=\"a\";})", "\"a\" has neither mx nor domains");
    refuse("({name=\"a\"; mx=[\".google.com\"];})", "\".google.com\" is no suffix");
    refuse("({name=\"a\"; mx=[\"Google.com\"];})", "\"Google.com\" must be in lower case");
    refuse("({name=\"a\"; mx=[\"x.example\", \"x.example\"];})",
           "suffix \"x.example\" of \"a\" is there twice");
    refuse("({name=\"a\"; mx=[\"x.example\"];}, {name=\"b\"; mx=[\"x.example\"];})",
           "suffix \"x.example\" of \"b\" is there twice");
    refuse("({name=\"a\"; mx=[\"x.example\"];}, {name=\"a\"; mx=[\"y.example\"];})",
           "name \"a\" is there twice; allowed: one group of a name");
}

static void test_lists_are_bounded(void **state)
{
    struct buf list = {0}, fault = {0};

    (void)state;
    for (int i = 0; i < DEST_GROUPS_MAX - 1; i++)
        buf_addf(&list, "%s{name=\"g%d\"; mx=[\"g%d.example\"];}", i ? ", " : "(", i, i);
    buf_add_char(&list, ')');
    struct conf *conf = read_groups(buf_str(&list), &fault);
    assert_non_null(conf);
    conf_free(&conf);
    buf_consume(&list, 1);
    struct buf more = {0};
    buf_addf(&more, "({name=\"more\"; mx=[\"more.example\"];}, %s", buf_str(&list));
    refuse(buf_str(&more), "\"g31\" is one too many; allowed: up to 32 groups");
    buf_clear(&list);
    for (int i = 0; i <= DEST_GROUP_SUFFIXES; i++)
        buf_addf(&list, "%s\"s%d.example\"", i ? ", " : "({name=\"a\"; mx=[", i);
    buf_add_str(&list, "];})");
    refuse(buf_str(&list), "16");
    buf_free(&more);
    buf_free(&list);
    buf_free(&fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in_groups),
        cmocka_unit_test(test_longest_suffix_wins_and_hosts_before_domains),
        cmocka_unit_test(test_lists_that_are_refused),
        cmocka_unit_test(test_lists_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
