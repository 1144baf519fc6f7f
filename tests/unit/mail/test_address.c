/* SPDX-License-Identifier: Apache-2.0
 * The mailbox grammar (I6, I13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "mail/address.h"

static const struct {
    const char *path, *text, *local, *domain, *rest;
} GOOD[] = {
    {"<a@b.test>", "a@b.test", "a", "b.test", ""},
    {"<a@b.test> SIZE=1", "a@b.test", "a", "b.test", " SIZE=1"},
    {"<A.b-c+d@B-1.Test>", "A.b-c+d@B-1.Test", "A.b-c+d", "B-1.Test", ""},
    {"<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b", "!#$%&'*+-/=?^_`{|}~", "b", ""},
    {"<\"a b\"@b.test>", "\"a b\"@b.test", "\"a b\"", "b.test", ""},
    {"<\"a@b>c\"@b.test>", "\"a@b>c\"@b.test", "\"a@b>c\"", "b.test", ""},
    {"<\"\\\"\\\\\"@b.test>", "\"\\\"\\\\\"@b.test", "\"\\\"\\\\\"", "b.test", ""},
    {"<\"\"@b.test>", "\"\"@b.test", "\"\"", "b.test", ""},
    {"<a@[192.0.2.1]>", "a@[192.0.2.1]", "a", "[192.0.2.1]", ""},
    {"<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", ""},
    {"<a@[ipv6:::ffff:192.0.2.1]>", "a@[ipv6:::ffff:192.0.2.1]", "a", "[ipv6:::ffff:192.0.2.1]",
     ""},
    {"<@x.test:a@b.test>", "a@b.test", "a", "b.test", ""},
    {"<@x.test,@[192.0.2.1]:a@b.test>", "a@b.test", "a", "b.test", ""},
    {"<_sip@_under.test>", "_sip@_under.test", "_sip", "_under.test", ""},
    {"<a%b!c@b.test>", "a%b!c@b.test", "a%b!c", "b.test", ""},
    {"<>", "", "", "", ""},
    {"<Postmaster>", "Postmaster", "Postmaster", "", ""},
    {"<postmaster@b.test>", "postmaster@b.test", "postmaster", "b.test", ""},
};

static void test_i13_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        struct slice rest = slice_str(GOOD[i].path);
        struct mail_address address;
        const char *why = "";
        if (!mail_path_parse(&rest, true, true, false, &address, &why))
            fail_msg("%s: %s", GOOD[i].path, why);
        assert_true(slice_eq(address.text, slice_str(GOOD[i].text)));
        assert_true(slice_eq(address.local, slice_str(GOOD[i].local)));
        assert_true(slice_eq(address.domain, slice_str(GOOD[i].domain)));
        assert_true(slice_eq(rest, slice_str(GOOD[i].rest)));
    }
}

static const char *const BAD[] = {
    "",
    "a@b.test",
    "<",
    "<a@b.test",
    "<a>",
    "<a@>",
    "<@b.test>",
    "<a@@b.test>",
    "<a@b@c.test>",
    "<.a@b.test>",
    "<a.@b.test>",
    "<a..b@b.test>",
    "<a b@b.test>",
    "<a,b@b.test>",
    "<(a)@b.test>",
    "<a@b.test.>",
    "<a@.b.test>",
    "<a@b..test>",
    "<a@-b.test>",
    "<a@b-.test>",
    "<a@b!.test>",
    "<\"a@b.test>",
    "<\"a\"b@b.test>",
    "<\"a\\\">",
    "<\"a\x01\"@b.test>",
    "<a@[192.0.2]>",
    "<a@[192.0.2.256]>",
    "<a@[192.0.2.1>",
    "<a@[]>",
    "<a@[IPv6:]>",
    "<a@[IPv6:2001:db8::1::2]>",
    "<a@[2001:db8::1]>",
    "<a@[tag:content]>",
    "<a@[192.0.2.1]x>",
    "<@x.test a@b.test>",
    "<@x.test,a@b.test>",
    "<@:a@b.test>",
    "<@x.test,:a@b.test>",
    "<postmaster >",
    "<caf\xc3\xa9@b.test>",
    "<a@caf\xc3\xa9.test>",
    "< a@b.test>",
    "<a@b.test >",
};

static void test_i13_what_is_no_path_is_refused_untouched(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct slice rest = slice_str(BAD[i]), before = rest;
        struct mail_address address = {.text = SLICE("untouched")};
        const char *why = NULL;
        if (mail_path_parse(&rest, true, true, false, &address, &why))
            fail_msg("accepted: %s", BAD[i]);
        assert_non_null(why);
        assert_ptr_equal(rest.at, before.at);
        assert_int_equal(rest.len, before.len);
        assert_true(slice_eq(address.text, SLICE("untouched")));
    }
}

static void test_null_and_postmaster_only_where_allowed(void **state)
{
    struct mail_address address;
    struct slice null = SLICE("<>"), postmaster = SLICE("<postmaster>");
    const char *why;

    (void)state;
    assert_false(mail_path_parse(&null, false, true, false, &address, &why));
    assert_false(mail_path_parse(&postmaster, true, false, false, &address, &why));
}

static void test_nul_is_an_octet_like_any_other(void **state)
{
    struct mail_address address;
    struct slice in_local = SLICE("<a\0b@b.test>"), in_domain = SLICE("<a@b\0.test>"),
                 in_literal = SLICE("<a@[192.0.2.1\0]>");
    const char *why;

    (void)state;
    assert_false(mail_path_parse(&in_local, true, true, true, &address, &why));
    assert_false(mail_path_parse(&in_domain, true, true, true, &address, &why));
    assert_false(mail_path_parse(&in_literal, true, true, true, &address, &why));
}

static void test_utf8_only_when_asked_for(void **state)
{
    struct slice text = SLICE("caf\xc3\xa9@caf\xc3\xa9.test");
    struct mail_address address;
    const char *why;

    (void)state;
    assert_false(mail_address_parse(text, false, &address, &why));
    assert_true(mail_address_parse(text, true, &address, &why));
    assert_true(slice_eq(address.local, SLICE("caf\xc3\xa9")));
}

/* A local part and a domain of these lengths, in labels of at most 63. */
static bool is_accepted(size_t local, size_t domain)
{
    struct mail_address address;
    struct buf text = {0};
    const char *why;

    for (size_t i = 0; i < local; i++)
        buf_add_char(&text, 'l');
    buf_add_char(&text, '@');
    for (size_t i = 1; i <= domain; i++)
        buf_add_char(&text, i % 50 == 0 && i < domain ? '.' : 'd');
    bool result = mail_address_parse(buf_slice(&text), false, &address, &why);
    buf_free(&text);
    return result;
}

static void test_i06_lengths_of_local_part_domain_and_path(void **state)
{
    (void)state;
    assert_true(is_accepted(64, 100));
    assert_false(is_accepted(65, 100));
    assert_true(is_accepted(64, 189)); /* 254 with the "@", 256 with the brackets */
    assert_false(is_accepted(64, 190));
    assert_true(is_accepted(1, 252));
    assert_false(is_accepted(1, 253));
}

static void test_a_label_has_63_octets_at_most(void **state)
{
    char domain[70];

    (void)state;
    memset(domain, 'x', sizeof domain);
    assert_true(mail_domain_is_valid(slice_of(domain, 63)));
    assert_false(mail_domain_is_valid(slice_of(domain, 64)));
    assert_false(mail_domain_is_valid(SLICE("")));
    assert_false(mail_domain_is_valid(SLICE(".")));
    assert_true(mail_domain_is_valid(SLICE("b_1.test")));
    assert_false(mail_domain_is_valid(SLICE("[192.0.2.1]")));
}

static void test_a_bare_address_is_the_whole_slice(void **state)
{
    struct mail_address address;
    const char *why;

    (void)state;
    assert_true(mail_address_parse(SLICE("a@b.test"), false, &address, &why));
    assert_false(mail_address_parse(SLICE("a@b.test>"), false, &address, &why));
    assert_false(mail_address_parse(SLICE("a@b.test\r\n"), false, &address, &why));
    assert_false(mail_address_parse(SLICE("<a@b.test>"), false, &address, &why));
    assert_false(mail_address_parse(SLICE(""), false, &address, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i13_paths),
        cmocka_unit_test(test_i13_what_is_no_path_is_refused_untouched),
        cmocka_unit_test(test_null_and_postmaster_only_where_allowed),
        cmocka_unit_test(test_nul_is_an_octet_like_any_other),
        cmocka_unit_test(test_utf8_only_when_asked_for),
        cmocka_unit_test(test_i06_lengths_of_local_part_domain_and_path),
        cmocka_unit_test(test_a_label_has_63_octets_at_most),
        cmocka_unit_test(test_a_bare_address_is_the_whole_slice),
    };

    return cmocka_run_group_tests_name("mail/address", tests, NULL, NULL);
}
