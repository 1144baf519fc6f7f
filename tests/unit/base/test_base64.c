/* SPDX-License-Identifier: Apache-2.0
 * Base64 against RFC 4648's vectors, and what is not base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

static const struct {
    const char *octets, *text;
} PAIRS[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbe", "+/++"},
};

static void test_the_vectors_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        struct buf text = {0}, octets = {0};
        base64_add(&text, slice_str(PAIRS[i].octets));
        assert_true(slice_eq(buf_slice(&text), slice_str(PAIRS[i].text)));
        assert_true(base64_decode(slice_str(PAIRS[i].text), &octets));
        assert_true(slice_eq(buf_slice(&octets), slice_str(PAIRS[i].octets)));
        buf_free(&text);
        buf_free(&octets);
    }
}

static void test_what_is_not_exactly_base64_is_refused(void **state)
{
    static const struct slice BAD[] = {
        {"Z", 1},     {"Zg", 2},   {"Zg=", 3},   {"Zg==Zg==", 8}, {"Zh==", 4},
        {"Zm9=", 4},  {"====", 4}, {"=", 1},     {"Z===", 4},     {"Zm9v\n", 5},
        {"Zm 9v", 5}, {"Zm9-", 4}, {"Zm9\0", 4}, {"Z=9v", 4},     {"\xc3\xa9==", 4},
    };
    struct buf out = {0};

    (void)state;
    buf_add_str(&out, "kept");
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        if (base64_decode(BAD[i], &out))
            fail_msg("%.*s was taken", SLICE_ARGS(BAD[i]));
        assert_true(slice_eq(buf_slice(&out), SLICE("kept")));
    }
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_both_ways),
        cmocka_unit_test(test_what_is_not_exactly_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
