/* SPDX-License-Identifier: Apache-2.0
 * Every wrong configuration has its sentence. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/profile/sample.h"

struct row {
    const char *group, *sentence; /* what is in the one element, what is said */
};

#define WAITS "a wait is a number of seconds from 1 to 604800"
#define NO_NET                                                                                     \
    " is no network; allowed: an IP address, or one with a prefix length and no bits set behind "  \
    "it, like 192.0.2.0/24 or 2001:db8::/32"

static const struct row VALUES[] = {
    {"name=\"a b\";", "configurations.name is \"a b\": a name is printable ASCII without blanks, "
                      "quotes and backslashes"},
    {"received=\"some\";", "configurations.received is \"some\"; allowed: \"abbreviated\", "
                           "\"normal\", \"none\" or \"remove_all\""},
    {"retry=5;", "\"configurations.retry\" is no group; allowed: retry: { name = value; };"},
    {"retry={priod_s=5;};",
     "unknown setting \"configurations.retry.priod_s\"; did you mean \"period_s\"?"},
    {"retry={period_s=59;};",
     "configurations.retry.period_s is 59; allowed: an integer from 60 to 604800 (s)"},
    {"retry={a_s=100; b_s=-100;};", "configurations: retry interval a + b is 0 s: exponential "
                                    "wants 0 < a + b < period (86400 s)"},
    {"retry={interval=\"list\";};", "configurations: retry list has 0 waits: list wants 1..32"},
    {"retry={list_s=[\"0\"];};", "configurations.retry.list_s is wrong: " WAITS},
    {"retry={list_s=[\"5 min\"];};", "configurations.retry.list_s is \"5 min\": " WAITS},
    {"retry={list_s=[\"604801\"];};", "configurations.retry.list_s is \"604801\": " WAITS},
    {"pool={count=501;};", "configurations.pool.count is 501; allowed: an integer from 1 to 500"},
    {"pool={timeout_s=0;};",
     "configurations.pool.timeout_s is 0; allowed: an integer from 1 to 600 (s)"},
    {"bcc={port=0;};", "configurations.bcc.port is 0; allowed: an integer from 1 to 65535"},
    {"bounce={format=\"long\";};",
     "configurations.bounce.format is \"long\"; allowed: \"multipart\" or \"simple\""},
    {"envelope_from={rewrite=\"bounce\";};",
     "configurations.envelope_from.rewrite is wrong: \"bounce\": there is no @; allowed: none, "
     "account@domain or @domain"},
    {"networks=[\"10.0.0.1/8\"];", "configurations.networks is wrong: \"10.0.0.1/8\"" NO_NET},
    {"networks=[\"::ffff:10.0.0.0/104\"];",
     "configurations.networks is wrong: \"::ffff:10.0.0.0/104\"" NO_NET},
    {"networks=[\"10.0.0.0/33\"];", "configurations.networks is wrong: \"10.0.0.0/33\"" NO_NET},
    {"networks=[\"10.0.0.0/\"];", "configurations.networks is wrong: \"10.0.0.0/\"" NO_NET},
    {"networks=[\"host\"];", "configurations.networks is wrong: \"host\"" NO_NET},
};

static void test_s12_s33_every_wrong_value_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        struct buf set = {0};
        buf_addf(&set, "configurations=({%s})", VALUES[i].group);
        sample_expect_fault(buf_str(&set), VALUES[i].sentence);
        buf_free(&set);
    }
}

static const struct row PAIRS[] = {
    {"({name=\"a\";}, {name=\"a\";})",
     "configurations: name \"a\" is there twice; allowed: one configuration of a name"},
    {"({}, {})",
     "configurations: name \"default\" is there twice; allowed: one configuration of a name"},
    {"({listeners=[\"x\"];}, {name=\"a\"; listeners=[\"y\", \"x\"];})",
     "configurations: listener \"x\" is named by the configuration \"default\", too; allowed: one "
     "configuration for a listener"},
    {"({users=[\"x\"];}, {name=\"a\"; users=[\"X\"];})",
     "configurations: user \"X\" is named by the configuration \"default\", too; allowed: one "
     "configuration for a user"},
    {"({networks=[\"::/0\"];}, {name=\"a\"; networks=[\"::/0\"];})",
     "configurations: network \"::/0\" is named by the configuration \"default\", too; allowed: "
     "one configuration for a network"},
    {"({envelope_from={forward_bounces=true;};})",
     "configurations: envelope_from.forward_bounces of \"default\" is true, but neither its "
     "envelope_from.rewrite nor the rewrite of any of sending_domains is set: a bounce goes to the "
     "original sender anyway; allowed: a rewrite rule in one of them, or forward_bounces = false"},
};

static void test_s01_s38_rules_between_configurations_speak(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        struct buf set = {0};
        buf_addf(&set, "configurations=%s", PAIRS[i].group);
        sample_expect_fault(buf_str(&set), PAIRS[i].sentence);
        buf_free(&set);
    }
}

static void expect(const char *const *sets, const char *expected)
{
    struct buf faults = {0};
    struct conf *conf = sample_read(sets, &faults);

    assert_string_equal(buf_str(&faults), expected);
    conf_free(&conf);
    buf_free(&faults);
}

static void test_s25_bcc_excludes_forwarding_rules(void **state)
{
    static const char *const BOTH[] = {
        "configurations=({}, {name=\"bulk\"; bcc={host=\"archive.test\";};})",
        "forwarding_rules=({recipient=\"a.test\"; to=\"b@c.test\";})", NULL};

    (void)state;
    expect(BOTH, "--set configurations=({}, {name=\"bulk\"; bcc={host=\"archive.test\";};}): "
                 "configurations: bcc.host of \"bulk\" is \"archive.test\", but forwarding_rules "
                 "has 1 of them; allowed: bcc.host in configurations, or forwarding_rules, not "
                 "both\n");
}

static void test_s38_a_sending_domain_has_a_rule(void **state)
{
    static const char *const WITH_RULE[] = {
        "configurations=({envelope_from={forward_bounces=true;};})",
        "sending_domains=({domain=\"shop.test\"; rewrite=\"@d.test\";})", NULL};

    (void)state;
    expect(WITH_RULE, "");
}

static void test_all_faults_in_one_pass(void **state)
{
    static const char *const MANY[] = {"configurations.[0].pool.count=0",
                                       "configurations.[1].retry.zzz=1", NULL};

    (void)state;
    expect(MANY, "--set configurations.[0].pool.count=0: configurations.pool.count is 0; allowed: "
                 "an integer from 1 to 500\n"
                 "--set configurations.[1].retry.zzz=1: unknown setting "
                 "\"configurations.retry.zzz\"; allowed: a_s, b_s, cap_s, factor_percent, "
                 "interval, jitter_percent, list_s, period_s\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s12_s33_every_wrong_value_has_its_sentence),
        cmocka_unit_test(test_s01_s38_rules_between_configurations_speak),
        cmocka_unit_test(test_s25_bcc_excludes_forwarding_rules),
        cmocka_unit_test(test_s38_a_sending_domain_has_a_rule),
        cmocka_unit_test(test_all_faults_in_one_pass),
    };

    return cmocka_run_group_tests_name("profile/configurations_check", tests, NULL, NULL);
}
