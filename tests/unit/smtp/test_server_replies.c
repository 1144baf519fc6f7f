/* SPDX-License-Identifier: Apache-2.0
 * Every reply the server engine can word, from the same list that makes them (I9, I25). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtp/server_replies.h"

static const char *const NAMES[] = {"NONE",
#define REPLY_NAME(name, code, class, subject, detail, text) #name,
                                    SERVER_REPLIES(REPLY_NAME)
#undef REPLY_NAME
};

/* PLAIN's challenge is empty (RFC 4954 4). */
static bool is_empty(enum server_reply reply)
{
    return reply == SERVER_REPLY_AUTH_GO_ON;
}

/* RFC 2034 4: no enhanced code on the greeting, on HELO and on 3yz. */
static bool has_no_enhanced(enum server_reply reply)
{
    return reply == SERVER_REPLY_EARLY_TALKER || reply == SERVER_REPLY_HELO_SYNTAX ||
           server_reply_of(reply).code / 100 == 3;
}

static void test_i25_enhanced_codes_agree_with_codes(void **state)
{
    (void)state;
    for (int i = 1; i < SERVER_REPLY_COUNT; i++) {
        struct smtp_reply reply = server_reply_of((enum server_reply)i);
        unsigned want = has_no_enhanced((enum server_reply)i) ? 0 : smtp_reply_class(&reply);
        if (reply.enhanced.class != want)
            fail_msg("%s: class %u with code %u", NAMES[i], reply.enhanced.class, reply.code);
    }
}

static void test_i09_codes_and_texts_are_printable_single_lines(void **state)
{
    (void)state;
    for (int i = 1; i < SERVER_REPLY_COUNT; i++) {
        struct smtp_reply reply = server_reply_of((enum server_reply)i);
        assert_in_range(reply.code, 200, 599);
        assert_int_equal(reply.text.len == 0, is_empty((enum server_reply)i));
        for (size_t at = 0; at < reply.text.len; at++)
            assert_in_range(reply.text.at[at], ' ', '~');
    }
}

static void test_none_means_yes(void **state)
{
    (void)state;
    assert_int_equal(server_reply_of(SERVER_REPLY_NONE).code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i25_enhanced_codes_agree_with_codes),
        cmocka_unit_test(test_i09_codes_and_texts_are_printable_single_lines),
        cmocka_unit_test(test_none_means_yes),
    };

    return cmocka_run_group_tests_name("smtp/server_replies", tests, NULL, NULL);
}
