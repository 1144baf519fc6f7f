/* SPDX-License-Identifier: Apache-2.0
 * Sending domains and domains that receive bounces: every fault with its sentence. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "unit/profile/sample.h"

#define NO_DOMAIN                                                                                  \
    " is no domain; allowed: labels of letters, digits and hyphens with dots between them, "       \
    "without an @"

static void test_s33_every_wrong_form_has_its_sentence(void **state)
{
    (void)state;
    sample_expect_fault("bounces.receive_domains=[\"@own.test\"]",
                        "bounces.receive_domains is wrong: \"@own.test\"" NO_DOMAIN);
    sample_expect_fault("sending_domains=({domain=\"a b\";})",
                        "sending_domains.domain is wrong: \"a b\"" NO_DOMAIN);
    sample_expect_fault("sending_domains=({domain=\"a.test\"; rewrite=\"@\";})",
                        "sending_domains.rewrite is wrong: \"@\": the domain is malformed; "
                        "allowed: none, account@domain or @domain");
    sample_expect_fault("sending_domains=({rewrite=\"none\";})",
                        "sending_domains.domain is missing; allowed: a string of 1 to 255 "
                        "characters");
}

static void test_s33_no_domain_twice(void **state)
{
    (void)state;
    sample_expect_fault("sending_domains=({domain=\"shop.test\";}, {domain=\"SHOP.test\";})",
                        "sending_domains: domain \"SHOP.test\" is there twice; allowed: one entry "
                        "for a domain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s33_every_wrong_form_has_its_sentence),
        cmocka_unit_test(test_s33_no_domain_twice),
    };

    return cmocka_run_group_tests_name("profile/domains", tests, NULL, NULL);
}
