/* SPDX-License-Identifier: Apache-2.0
 * The truth table of forwarding (S38..S40): all true sends, one false in turn skips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/forward.h"

static const char *const OWN[] = {"bounce.test", "Receive.Test", NULL};

static struct forward_settings on(void)
{
    return (struct forward_settings){.is_on = true, .own_domains = OWN};
}

static struct forward_mail all_true(void)
{
    return (struct forward_mail){.from = SLICE("app@d.test"),
                                 .original_from = SLICE("app@shop.test"),
                                 .is_rewritten = true,
                                 .public_port = 587};
}

static void assert_verdict(const struct forward_settings *settings, const struct forward_mail *mail,
                           const char *expected)
{
    assert_string_equal(forward_verdict_name(forward_decide(settings, mail)), expected);
}

static void test_s38_all_true_forwards(void **state)
{
    struct forward_settings settings = on();
    struct forward_mail mail = all_true();

    (void)state;
    assert_verdict(&settings, &mail, "yes");
    assert_int_equal(forward_decide(&settings, &mail), FORWARD_YES);
}

static void test_s38_off(void **state)
{
    struct forward_settings settings = on();
    struct forward_mail mail = all_true();

    (void)state;
    settings.is_on = false;
    assert_verdict(&settings, &mail, "off");
}

static void test_s38_only_with_rewriting(void **state)
{
    struct forward_settings settings = on();
    struct forward_mail mail = all_true();

    (void)state;
    mail.is_rewritten = false;
    assert_verdict(&settings, &mail, "not_rewritten");
}

static void test_s39_not_from_port_25(void **state)
{
    static const struct {
        uint32_t port;
        const char *verdict;
    } ROWS[] = {{25, "port25"}, {465, "yes"}, {587, "yes"}, {2525, "yes"}};

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct forward_settings settings = on();
        struct forward_mail mail = all_true();
        mail.public_port = ROWS[i].port;
        assert_verdict(&settings, &mail, ROWS[i].verdict);
    }
}

static void test_s40_addresses(void **state)
{
    static const struct {
        const char *from, *original, *verdict;
    } ROWS[] = {
        {"app@d.test", "", "null_sender"},
        {"app@d.test", "postmaster", "null_sender"},
        {"app@shop.test", "app@shop.test", "same"},
        {"app@SHOP.test", "app@shop.TEST", "same"},
        {"APP@shop.test", "app@shop.test", "yes"},
        {"app@bounce.test", "app@shop.test", "own_domain"},
        {"app@d.test", "app@BOUNCE.test", "own_domain"},
        {"app@receive.test", "app@shop.test", "own_domain"},
        {"app@sub.bounce.test", "app@shop.test", "yes"},
        {"\"a@bounce.test\"@d.test", "app@shop.test", "yes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct forward_settings settings = on();
        struct forward_mail mail = all_true();
        mail.from = slice_str(ROWS[i].from);
        mail.original_from = slice_str(ROWS[i].original);
        assert_verdict(&settings, &mail, ROWS[i].verdict);
    }
}

/* The first false condition names the reason: all of them false, then one after the other true. */
static void test_s40_order_of_the_reasons(void **state)
{
    struct forward_settings settings = {.is_on = false, .own_domains = OWN};
    struct forward_mail mail = {.public_port = 25};

    (void)state;
    assert_verdict(&settings, &mail, "off");
    settings.is_on = true;
    assert_verdict(&settings, &mail, "not_rewritten");
    mail.is_rewritten = true;
    assert_verdict(&settings, &mail, "null_sender");
    mail.from = mail.original_from = SLICE("a@bounce.test");
    assert_verdict(&settings, &mail, "same");
    mail.from = SLICE("b@bounce.test");
    assert_verdict(&settings, &mail, "port25");
    mail.public_port = 587;
    assert_verdict(&settings, &mail, "own_domain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s38_all_true_forwards),
        cmocka_unit_test(test_s38_off),
        cmocka_unit_test(test_s38_only_with_rewriting),
        cmocka_unit_test(test_s39_not_from_port_25),
        cmocka_unit_test(test_s40_addresses),
        cmocka_unit_test(test_s40_order_of_the_reasons),
    };

    return cmocka_run_group_tests_name("profile/forward", tests, NULL, NULL);
}
