/* SPDX-License-Identifier: Apache-2.0
 * The domain of a From field: every form of RFC 5322 3.4, the obsolete ones, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/originator.h"

static const struct {
    const char *from, *domain;
} ROWS[] = {
    {"a@shop.test", "shop.test"},
    {" <a@shop.test>", "shop.test"},
    {"Shop <a@Shop.TEST>", "Shop.TEST"},
    {"\"Shop, Inc.\" <a@shop.test>", "shop.test"},
    {"\"x@evil.test\" <a@shop.test>", "shop.test"},
    {"\"quote \\\" <x@evil.test>\" <a@shop.test>", "shop.test"},
    {"=?utf-8?B?5bqX?= <a@shop.test>", "shop.test"},
    {"\xe5\xba\x97 <a@shop.test>", "shop.test"},
    {"\"a@b\"@shop.test", "shop.test"},
    {"<\"a>b\"@shop.test>", "shop.test"},
    {"a@shop.test (x@evil.test)", "shop.test"},
    {"(x@evil.test) a@shop.test", "shop.test"},
    {"(nested (x@evil.test) \\) <y@evil.test>) a@shop.test", "shop.test"},
    {"Shop\r\n <a@shop.test>", "shop.test"},
    {"a@shop.test, b@other.test", "shop.test"},
    {", ,\r\n a@shop.test", "shop.test"},
    {"Staff: A <a@shop.test>, b@other.test;", "shop.test"},
    {"Nobody:;, a@shop.test", "shop.test"},
    {"x@evil.test <a@shop.test>", "shop.test"},
    {"<@relay.test,@hub.test:a@shop.test>", "shop.test"},
    {"a @ shop . test", "shop.test"},
    {"a@(here)shop(c).\r\n test", "shop.test"},
    {"a@shop.test Shop", "shop.test"},
    {"a@shop.test>", "shop.test"},
    /* none */
    {"", ""},
    {"Shop", ""},
    {"<>", ""},
    {"Nobody:;", ""},
    {"<>, a@shop.test", ""},
    {"a@", ""},
    {"a@.test", ""},
    {"a@shop..test", ""},
    {"a@shop.test.", ""},
    {"a@[192.0.2.1]", ""},
    {"a@b@shop.test", ""},
    {"<a@b@shop.test>", ""},
    {"a@sh\xc3\xb6p.test", ""},
    {"\"a@shop.test", ""},
    {"(a@shop.test", ""},
    {"a@shop.test\\", "shop.test"},
    {"\\", ""},
    {"\"\\", ""},
    {"(\\", ""},
};

static void test_s33_domain_of_the_first_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        char room[MAIL_DOMAIN_MAX];
        struct slice domain = originator_domain(slice_str(ROWS[i].from), room);
        if (!slice_eq(domain, slice_str(ROWS[i].domain)))
            fail_msg("%s: \"%.*s\", not \"%s\"", ROWS[i].from, SLICE_ARGS(domain), ROWS[i].domain);
    }
}

static void test_a_domain_too_long_is_none(void **state)
{
    char from[400], room[MAIL_DOMAIN_MAX];

    (void)state;
    memset(from, 'a', sizeof from);
    from[1] = '@';
    for (size_t i = 10; i < sizeof from; i += 10)
        from[i] = '.';
    assert_int_equal(originator_domain(slice_of(from, 2 + MAIL_DOMAIN_MAX), room).len,
                     MAIL_DOMAIN_MAX);
    assert_int_equal(originator_domain(slice_of(from, 3 + MAIL_DOMAIN_MAX), room).len, 0);
    assert_int_equal(originator_domain(slice_of(from, sizeof from - 1), room).len, 0);
}

/* Every octet and every cut of a field with everything in it: no read beyond its end. */
static void test_any_octets_are_survived(void **state)
{
    static const char all[] = "G: \"a\\\"\" (c(d)\\)) <@r,@s:\"l\"@ shop . (x) test>, b@[1];\0\\";
    char copy[sizeof all], room[MAIL_DOMAIN_MAX];

    (void)state;
    for (size_t length = 0; length < sizeof all; length++)
        for (int c = 0; c < 256; c++) {
            memcpy(copy, all, sizeof all);
            copy[length ? length - 1 : 0] = (char)c;
            assert_true(originator_domain(slice_of(copy, length), room).len <= MAIL_DOMAIN_MAX);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s33_domain_of_the_first_address),
        cmocka_unit_test(test_a_domain_too_long_is_none),
        cmocka_unit_test(test_any_octets_are_survived),
    };

    return cmocka_run_group_tests_name("mail/originator", tests, NULL, NULL);
}
