/* SPDX-License-Identifier: Apache-2.0
 * Forwarding rules: who wins, what the settings refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "profile/forwarding.h"

static const struct conf_section *const SECTIONS[] = {&FORWARDING_RULES_SECTION, NULL};

static void on_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
    buf_add_char(owner, '\n');
}

static struct conf *read_rules(const char *rules, struct buf *faults)
{
    const struct conf_faults to = {.on_fault = on_fault, .owner = faults};
    const char *const sets[] = {rules, NULL};
    struct conf *conf = NULL;
    int rc = conf_read("/dev/null", sets, SECTIONS, &to, &conf);

    assert_int_equal(rc == 0, faults->len == 0);
    return conf;
}

static void assert_forwards(const struct forwarding_rules *rules, const char *address,
                            const char *to)
{
    const struct forwarding_rule *rule = forwarding_find(rules, slice_str(address));

    if (!to)
        assert_null(rule);
    else if (!rule || !slice_eq(rule->to, slice_str(to)))
        fail_msg("%s is not forwarded to %s", address, to);
}

static void test_address_wins_over_domain(void **state)
{
    struct arena *arena = arena_new(256);
    struct buf faults = {0};
    struct conf *conf =
        read_rules("forwarding_rules=("
                   "{recipient=\"Dest.example\"; to=\"all@other.example\";},"
                   "{recipient=\"Ann@dest.example\"; to=\"ann@home.example\";},"
                   "{recipient=\"all@other.example\"; to=\"further@third.example\";},"
                   "{recipient=\"self.example\"; to=\"box@self.example\";})",
                   &faults);
    struct forwarding_rules rules = forwarding_rules_read(conf, arena);

    (void)state;
    conf_free(&conf); /* a deep copy */
    assert_int_equal(rules.count, 4);
    assert_forwards(&rules, "Ann@DEST.example", "ann@home.example");
    assert_forwards(&rules, "ann@dest.example", "all@other.example");
    assert_forwards(&rules, "bob@dest.EXAMPLE", "all@other.example");
    assert_forwards(&rules, "\"a@b\"@dest.example", "all@other.example");
    assert_forwards(&rules, "x@sub.dest.example", NULL);
    assert_forwards(&rules, "x@dest.example.com", NULL);
    assert_forwards(&rules, "x@self.example", "box@self.example");
    assert_forwards(&rules, "box@SELF.example", NULL);
    assert_forwards(&rules, "dest.example", NULL);
    assert_forwards(&rules, "", NULL);
    arena_free(&arena);
}

static void test_no_rules_forward_nothing(void **state)
{
    struct arena *arena = arena_new(256);
    struct buf faults = {0};
    struct conf *conf = read_rules("forwarding_rules=()", &faults);
    struct forwarding_rules rules = forwarding_rules_read(conf, arena);

    (void)state;
    assert_forwards(&rules, "ann@dest.example", NULL);
    conf_free(&conf);
    arena_free(&arena);
}

static void test_faults_name_what_is_wrong(void **state)
{
    static const struct {
        const char *rules, *part;
    } CASES[] = {
        {"({recipient=\"a b@x.test\"; to=\"c@x.test\";})", "\"a b@x.test\" is no recipient"},
        {"({recipient=\"a@[192.0.2.1]\"; to=\"c@x.test\";})", "is no recipient"},
        {"({recipient=\"@x.test\"; to=\"c@x.test\";})", "is no recipient"},
        {"({recipient=\"a@x.test\"; to=\"x.test\";})", "\"x.test\" is no address"},
        {"({recipient=\"a@x.test\"; to=\"@x.test\";})", "is no address"},
        {"({recipient=\"a@x.test\"; to=\"a@X.test\";})", "is forwarded to itself"},
        {"({recipient=\"a@x.test\"; to=\"b@x.test\";}, {recipient=\"a@X.TEST\"; to=\"c@x.test\";})",
         "\"a@X.TEST\" is there twice"},
        {"({recipient=\"x.test\"; to=\"b@y.test\";}, {recipient=\"X.test\"; to=\"c@y.test\";})",
         "\"X.test\" is there twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct buf faults = {0}, rules = {0};
        buf_addf(&rules, "forwarding_rules=%s", CASES[i].rules);
        assert_null(read_rules(buf_str(&rules), &faults));
        if (!strstr(buf_str(&faults), CASES[i].part))
            fail_msg("%s: %s", CASES[i].rules, buf_str(&faults));
        buf_free(&faults);
        buf_free(&rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_wins_over_domain),
        cmocka_unit_test(test_no_rules_forward_nothing),
        cmocka_unit_test(test_faults_name_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
