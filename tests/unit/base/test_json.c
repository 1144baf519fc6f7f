/* SPDX-License-Identifier: Apache-2.0
 * The JSON writer: always valid, whatever the values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"

static void test_members_and_nesting(void **state)
{
    struct buf out = {0};
    struct json json;

    (void)state;
    json_begin(&json, &out);
    json_str(&json, "a", "b");
    json_int(&json, "n", INT64_MIN);
    json_object_begin(&json, "o");
    json_bool(&json, "yes", true);
    json_bool(&json, "no", false);
    json_object_end(&json);
    json_object_begin(&json, "empty");
    json_object_end(&json);
    json_slice(&json, "z", SLICE(""));
    json_end(&json);
    assert_string_equal(buf_str(&out), "{\"a\":\"b\",\"n\":-9223372036854775808,"
                                       "\"o\":{\"yes\":true,\"no\":false},\"empty\":{},"
                                       "\"z\":\"\"}");
    buf_free(&out);
}

static void test_an_empty_object(void **state)
{
    struct buf out = {0};
    struct json json;

    (void)state;
    json_begin(&json, &out);
    json_end(&json);
    assert_string_equal(buf_str(&out), "{}");
    buf_free(&out);
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct {
    struct slice value;
    const char *quoted;
} QUOTES[] = {
    {TEXT("plain"), "\"plain\""},
    {TEXT("a\"b\\c"), "\"a\\\"b\\\\c\""},
    {TEXT("\r\n\t\0\x7f"), "\"\\u000d\\u000a\\u0009\\u0000\\u007f\""},
    {TEXT("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
     "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
    {TEXT("\xff"), "\"\\ufffd\""},
    {TEXT("\xc3"), "\"\\ufffd\""},
    {TEXT("\xc3("), "\"\\ufffd(\""},
    {TEXT("\xc0\x80"), "\"\\ufffd\\ufffd\""},                       /* overlong NUL */
    {TEXT("\xe0\x9f\xbf"), "\"\\ufffd\\ufffd\\ufffd\""},            /* overlong */
    {TEXT("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\""},            /* surrogate */
    {TEXT("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* above U+10FFFF */
    {TEXT("\xf0\x9f\x98"), "\"\\ufffd\\ufffd\\ufffd\""},
    {TEXT("\xe2\x82"), "\"\\ufffd\\ufffd\""},
};

static void test_hostile_values_stay_inside_their_quotes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof QUOTES / sizeof *QUOTES; i++) {
        struct buf out = {0};
        json_quote(&out, QUOTES[i].value);
        assert_string_equal(buf_str(&out), QUOTES[i].quoted);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_and_nesting),
        cmocka_unit_test(test_an_empty_object),
        cmocka_unit_test(test_hostile_values_stay_inside_their_quotes),
    };

    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
