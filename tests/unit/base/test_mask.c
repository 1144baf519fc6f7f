/* SPDX-License-Identifier: Apache-2.0
 * Local parts are found wherever they stand, and nothing else is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mask.h"

static const struct pair {
    const char *text, *masked;
} ADDRESSES[] = {
    {"taro@example.jp", "***@example.jp"},
    {"\"taro y@mada\"@example.jp", "***@example.jp"},
    {"\xe5\xa4\xaa\xe9\x83\x8e@example.jp", "***@example.jp"},
    {"postmaster", "postmaster"},
    {"@example.jp", "@example.jp"},
    {"", ""},
};

static const struct pair TEXTS[] = {
    {"550 5.1.1 <taro@example.jp>: no such user", "550 5.1.1 <***@example.jp>: no such user"},
    {"RCPT TO:<\"taro y\"@example.jp> ORCPT=rfc822;taro+2Bx@example.jp",
     "RCPT TO:<***@example.jp> ORCPT=rfc822;***@example.jp"},
    {"\"a\\\"b\"@example.jp and mailto:bounces+taro=example.jp@example.com",
     "***@example.jp and mailto:***@example.com"},
    {"taro@example.jp,hanako@example.jp", "***@example.jp,***@example.jp"},
    {"lost quote\"@example.jp", "***@example.jp"},
    {"a@b@example.jp", "***@***@example.jp"},
    {"what @ is this, and @example.jp", "what @ is this, and @example.jp"},
    {"taro@", "***@"},
    {"no address: \"quoted\"", "no address: \"quoted\""},
    {"", ""},
};

static void expect(void (*mask)(struct buf *out, struct slice text), const struct pair *pair)
{
    struct buf out = {0};

    mask(&out, slice_str(pair->text));
    assert_string_equal(buf_str(&out), pair->masked);
    buf_free(&out);
}

static void test_an_address_keeps_its_domain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++)
        expect(mask_address, &ADDRESSES[i]);
}

static void test_a_text_keeps_all_but_local_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        expect(mask_text, &TEXTS[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_keeps_its_domain),
        cmocka_unit_test(test_a_text_keeps_all_but_local_parts),
    };

    return cmocka_run_group_tests_name("base/mask", tests, NULL, NULL);
}
