/* SPDX-License-Identifier: Apache-2.0
 * Configurations as values: defaults, what a file says, and how they are found. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/profile/sample.h"

static void assert_slice(struct slice s, const char *text)
{
    assert_true(slice_eq(s, slice_str(text)));
}

static void test_s16_defaults_are_there_without_a_file(void **state)
{
    struct configurations *configurations = sample_configurations("configurations=()");
    const struct configuration *found = configurations_find(configurations, SLICE("default"));
    const struct retry_settings retry = retry_defaults();

    (void)state;
    assert_int_equal(configurations_count(configurations), 1);
    assert_slice(found->name, "default");
    assert_int_equal(found->retry.kind, retry.kind);
    assert_int_equal(found->retry.period_s, retry.period_s);
    assert_int_equal(found->retry.a_s, retry.a_s);
    assert_int_equal(found->retry.b_s, retry.b_s);
    assert_int_equal(found->retry.factor_percent, retry.factor_percent);
    assert_int_equal(found->retry.cap_s, retry.cap_s);
    assert_int_equal(found->received, RECEIVED_ABBREVIATED);
    assert_int_equal(found->pool_count, 100);
    assert_int_equal(found->pool_timeout_s, 60);
    assert_int_equal(found->bcc.host.len, 0);
    assert_int_equal(found->bcc.port, 25);
    assert_int_equal(found->bounce_format, BOUNCE_MULTIPART);
    assert_true(rewrite_is_off(&found->rewrite));
    assert_false(configurations_forward(configurations, found).is_on);
    assert_null(configurations_forward(configurations, found).own_domains[0]);
    assert_int_equal(configurations_forwarding_rules(configurations)->count, 0);
    configurations_free(&configurations);
}

static void test_s02_each_group_is_taken(void **state)
{
    struct configurations *configurations = sample_configurations(
        "configurations=({name=\"bulk\"; listeners=[\"l\"]; users=[\"u\"]; networks=[\"::/0\"]; "
        "received=\"none\"; retry={interval=\"list\"; list_s=[\"300\", \"3600\"]; "
        "jitter_percent=10;}; pool={count=7; timeout_s=8;}; bcc={host=\"a.test\"; port=26;}; "
        "bounce={format=\"simple\";}; envelope_from={rewrite=\"@b.test\"; "
        "forward_bounces=true;};})");
    const struct configuration *bulk = configurations_find(configurations, SLICE("bulk"));

    (void)state;
    assert_int_equal(configurations_count(configurations), 2);
    assert_string_equal(bulk->listeners[0], "l");
    assert_string_equal(bulk->users[0], "u");
    assert_int_equal(bulk->networks.count, 1);
    assert_int_equal(bulk->networks.items[0].prefix_bits, 0);
    assert_int_equal(bulk->received, RECEIVED_NONE);
    assert_int_equal(bulk->retry.kind, RETRY_LIST);
    assert_int_equal(bulk->retry.list_count, 2);
    assert_int_equal(bulk->retry.list_s[1], 3600);
    assert_int_equal(bulk->retry.jitter_percent, 10);
    assert_int_equal(bulk->pool_count, 7);
    assert_int_equal(bulk->pool_timeout_s, 8);
    assert_slice(bulk->bcc.host, "a.test");
    assert_int_equal(bulk->bcc.port, 26);
    assert_int_equal(bulk->bounce_format, BOUNCE_SIMPLE);
    assert_slice(bulk->rewrite.advanced.text, "@b.test");
    assert_true(configurations_forward(configurations, bulk).is_on);
    configurations_free(&configurations);
}

static void test_s01_a_name_that_is_gone_is_the_default(void **state)
{
    struct configurations *configurations = sample_configurations(
        "configurations=({name=\"bulk\";}, {pool={count=3;};}, {name=\"late\";})");

    (void)state;
    assert_int_equal(configurations_count(configurations), 3);
    assert_slice(configurations_find(configurations, SLICE("late"))->name, "late");
    assert_slice(configurations_find(configurations, SLICE("gone"))->name, "default");
    assert_int_equal(configurations_find(configurations, SLICE(""))->pool_count, 3);
    configurations_free(&configurations);
}

static void test_s12_the_longest_period_of_all(void **state)
{
    struct configurations *configurations = sample_configurations(
        "configurations=({name=\"bulk\"; retry={period_s=604800;};}, {name=\"b\";})");

    (void)state;
    assert_int_equal(configurations_longest_period_s(configurations), 604800);
    configurations_free(&configurations);
}

static void test_s33_domains_are_shared(void **state)
{
    static const char *const SETS[] = {
        "configurations=({envelope_from={rewrite=\"b@a.test\";};}, {name=\"bulk\";})",
        "sending_domains=({domain=\"shop.test\"; rewrite=\"@d.test\";}, {domain=\"o.test\";})",
        "bounces.receive_domains=[\"own.test\"]", NULL};
    struct buf faults = {0};
    struct conf *conf = sample_read(SETS, &faults);
    struct configurations *configurations = configurations_new(conf);
    const struct configuration *bulk = configurations_find(configurations, SLICE("bulk"));

    (void)state;
    conf_free(&conf);
    assert_int_equal(bulk->rewrite.advanced.kind, REWRITE_NONE);
    assert_int_equal(bulk->rewrite.domain_count, 2);
    assert_slice(bulk->rewrite.domains[0].rule.text, "@d.test");
    assert_int_equal(bulk->rewrite.domains[1].rule.kind, REWRITE_NONE);
    assert_string_equal(configurations_forward(configurations, bulk).own_domains[0], "own.test");
    configurations_free(&configurations);
    buf_free(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s16_defaults_are_there_without_a_file),
        cmocka_unit_test(test_s02_each_group_is_taken),
        cmocka_unit_test(test_s01_a_name_that_is_gone_is_the_default),
        cmocka_unit_test(test_s12_the_longest_period_of_all),
        cmocka_unit_test(test_s33_domains_are_shared),
    };

    return cmocka_run_group_tests_name("profile/configuration", tests, NULL, NULL);
}
