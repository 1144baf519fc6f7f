/* SPDX-License-Identifier: Apache-2.0
 * The sections of the envelope From: defaults, values, and every fault with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "profile/settings.h"

static const struct conf_section *const SECTIONS[] = {&ENVELOPE_FROM_SECTION,
                                                      &SENDING_DOMAINS_SECTION, NULL};

static void on_fault(void *owner, const char *sentence)
{
    buf_add_str(owner, sentence);
    buf_add_char(owner, '\n');
}

static struct conf *read_settings(const char *const *sets, struct buf *faults)
{
    const struct conf_faults to = {.on_fault = on_fault, .owner = faults};
    struct conf *conf = NULL;
    int rc = conf_read("/dev/null", sets, SECTIONS, &to, &conf);

    assert_int_equal(rc == 0, faults->len == 0);
    return conf;
}

static void assert_faults(const char *const *sets, const char *expected)
{
    struct buf faults = {0};

    assert_null(read_settings(sets, &faults));
    assert_string_equal(buf_str(&faults), expected);
    buf_free(&faults);
}

static void test_s29_s38_off_by_default(void **state)
{
    struct arena *arena = arena_new(256);
    struct buf faults = {0};
    struct conf *conf = read_settings(NULL, &faults);
    struct rewrite_rules rules = settings_rewrite_rules(conf, arena);

    (void)state;
    assert_true(rewrite_is_off(&rules));
    assert_int_equal(rules.domain_count, 0);
    assert_false(settings_forward(conf).is_on);
    assert_null(settings_forward(conf).own_domains[0]);
    conf_free(&conf);
    arena_free(&arena);
}

static void test_s33_values_are_read(void **state)
{
    static const char *const SETS[] = {"envelope_from.rewrite=b@a.test",
                                       "envelope_from.forward_bounces=true",
                                       "envelope_from.bounce_receive_domains=[\"own.test\"]",
                                       "sending_domains.[0].domain=shop.test",
                                       "sending_domains.[0].rewrite=@d.test",
                                       "sending_domains.[1].domain=other.test",
                                       NULL};
    struct arena *arena = arena_new(256);
    struct buf faults = {0};
    struct conf *conf = read_settings(SETS, &faults);

    (void)state;
    assert_non_null(conf);
    struct rewrite_rules rules = settings_rewrite_rules(conf, arena);
    assert_int_equal(rules.advanced.kind, REWRITE_ADDRESS);
    assert_int_equal(rules.domain_count, 2);
    assert_true(slice_eq(rules.domains[0].domain, SLICE("shop.test")));
    assert_true(slice_eq(rules.domains[0].rule.text, SLICE("@d.test")));
    assert_int_equal(rules.domains[1].rule.kind, REWRITE_NONE);
    assert_true(settings_forward(conf).is_on);
    assert_string_equal(settings_forward(conf).own_domains[0], "own.test");
    conf_free(&conf);
    arena_free(&arena);
}

static void test_s29_every_wrong_form_has_its_sentence(void **state)
{
    static const char *const SETS[] = {
        "envelope_from.rewrite=bounce",     "envelope_from.bounce_receive_domains=[\"@own.test\"]",
        "sending_domains.[0].domain=a b",   "sending_domains.[0].rewrite=@",
        "sending_domains.[1].rewrite=none", NULL};

    (void)state;
    assert_faults(
        SETS,
        "--set envelope_from.bounce_receive_domains=[\"@own.test\"]: "
        "envelope_from.bounce_receive_domains is wrong: \"@own.test\" is no domain; allowed: "
        "labels "
        "of letters, digits and hyphens with dots between them, without an @\n"
        "--set envelope_from.rewrite=bounce: envelope_from.rewrite is wrong: \"bounce\": there is "
        "no @; allowed: none, account@domain or @domain\n"
        "--set sending_domains.[0].domain=a b: sending_domains.domain is wrong: \"a b\" is no "
        "domain; allowed: labels of letters, digits and hyphens with dots between them, without an "
        "@\n"
        "--set sending_domains.[0].rewrite=@: sending_domains.rewrite is wrong: \"@\": the domain "
        "is malformed; allowed: none, account@domain or @domain\n"
        "--set sending_domains.[1].rewrite=none: sending_domains.domain is missing; allowed: a "
        "string of 1 to 255 characters\n");
}

static void test_s38_forwarding_needs_a_rule(void **state)
{
    static const char *const ALONE[] = {"envelope_from.forward_bounces=true",
                                        "sending_domains.[0].domain=shop.test", NULL};
    static const char *const WITH_RULE[] = {"envelope_from.forward_bounces=true",
                                            "sending_domains.[0].domain=shop.test",
                                            "sending_domains.[0].rewrite=@d.test", NULL};
    struct buf faults = {0};

    (void)state;
    assert_faults(ALONE,
                  "--set envelope_from.forward_bounces=true: envelope_from: forward_bounces is "
                  "true, but neither envelope_from.rewrite nor the rewrite of any of "
                  "sending_domains is set: a bounce goes to the original sender anyway; allowed: a "
                  "rewrite rule in one of them, or forward_bounces = false\n");
    struct conf *conf = read_settings(WITH_RULE, &faults);
    assert_string_equal(buf_str(&faults), "");
    conf_free(&conf);
    buf_free(&faults);
}

static void test_s33_no_domain_twice(void **state)
{
    static const char *const SETS[] = {"sending_domains.[0].domain=shop.test",
                                       "sending_domains.[1].domain=other.test",
                                       "sending_domains.[2].domain=SHOP.test", NULL};

    (void)state;
    assert_faults(SETS, "--set sending_domains.[2].domain=SHOP.test: sending_domains: domain "
                        "\"SHOP.test\" is there twice; allowed: one entry for a domain\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s29_s38_off_by_default),
        cmocka_unit_test(test_s33_values_are_read),
        cmocka_unit_test(test_s29_every_wrong_form_has_its_sentence),
        cmocka_unit_test(test_s38_forwarding_needs_a_rule),
        cmocka_unit_test(test_s33_no_domain_twice),
    };

    return cmocka_run_group_tests_name("profile/settings", tests, NULL, NULL);
}
