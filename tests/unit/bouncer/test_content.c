/* SPDX-License-Identifier: Apache-2.0
 * What is returned of the original. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bouncer/content.h"
#include "sample.h"
#include "smtp/envelope.h"

#define LIMIT ((size_t)50 * 1024)

static void test_full_is_wanted_only_when_all_allow_it(void **state)
{
    static const struct {
        enum record_action action;
        enum smtp_ret ret;
        enum bounce_return returns;
        uint64_t length;
        bool is_wanted;
    } CASES[] = {
        {RECORD_FAILED, SMTP_RET_NONE, BOUNCE_RETURN_FULL, LIMIT, true},
        {RECORD_FAILED, SMTP_RET_FULL, BOUNCE_RETURN_FULL, LIMIT, true},
        {RECORD_FAILED, SMTP_RET_HDRS, BOUNCE_RETURN_FULL, LIMIT, false},
        {RECORD_FAILED, SMTP_RET_NONE, BOUNCE_RETURN_FULL, LIMIT + 1, false},
        {RECORD_FAILED, SMTP_RET_FULL, BOUNCE_RETURN_HEADERS, 10, false},
        {RECORD_DELAYED, SMTP_RET_FULL, BOUNCE_RETURN_FULL, 10, false},
        {RECORD_RELAYED, SMTP_RET_FULL, BOUNCE_RETURN_FULL, 10, false},
    };
    struct arena *arena = arena_new(4096);
    struct record_failure *failure = sample_failure(arena);
    struct bouncer_settings settings = sample_settings();

    (void)state;
    assert_false(content_wants_whole(failure, &settings));
    failure->work.has_body_ref = true;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        failure->action = CASES[i].action;
        failure->work.envelope.ret = CASES[i].ret;
        failure->work.body_ref.length = CASES[i].length;
        settings.returns = CASES[i].returns;
        assert_int_equal(content_wants_whole(failure, &settings), CASES[i].is_wanted);
    }
    arena_free(&arena);
}

static void test_full_or_headers_by_what_the_original_is(void **state)
{
    static const struct {
        struct slice original;
        enum content_kind kind;
        struct slice bytes;
    } CASES[] = {
        {{"A: b\r\n\r\nc\r\n", 11}, CONTENT_FULL, {"A: b\r\n\r\nc\r\n", 11}},
        {{"A: b\r\n\r\n\xe3\r\n", 11}, CONTENT_HEADERS, {"A: b\r\n", 6}},
        {{"A: b\r\n\r\n\0\r\n", 11}, CONTENT_HEADERS, {"A: b\r\n", 6}},
        {{"A: \xe3\x81\r\n b\r\n\r\nc\r\n", 15}, CONTENT_HEADERS, {"A: ??\r\n b\r\n", 11}},
        {{"no header\r\n\xff\r\n", 14}, CONTENT_HEADERS, {"", 0}},
        {{"", 0}, CONTENT_FULL, {"", 0}},
    };
    struct arena *arena = arena_new(4096);

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct content got = content_choose(arena, CASES[i].original, true, LIMIT);
        assert_int_equal(got.kind, CASES[i].kind);
        assert_true(slice_eq(got.bytes, CASES[i].bytes));
    }
    arena_free(&arena);
}

static void test_long_lines_are_not_returned(void **state)
{
    struct arena *arena = arena_new(4096);
    char line[999];
    struct buf original = {0};

    (void)state;
    memset(line, 'x', sizeof line);
    buf_add(&original, SLICE("A: b\r\n\r\n"));
    buf_add(&original, slice_of(line, 998));
    buf_add(&original, SLICE("\r\n"));
    assert_int_equal(content_choose(arena, buf_slice(&original), true, LIMIT).kind, CONTENT_FULL);
    buf_clear(&original);
    buf_add(&original, SLICE("A: b\r\nLong: x\r\n "));
    buf_add(&original, slice_of(line, 998));
    buf_add(&original, SLICE("\r\nC: d\r\n\r\nbody\r\n"));
    struct content got = content_choose(arena, buf_slice(&original), true, LIMIT);
    assert_int_equal(got.kind, CONTENT_HEADERS);
    assert_true(slice_eq(got.bytes, SLICE("A: b\r\nC: d\r\n")));
    buf_free(&original);
    arena_free(&arena);
}

static void test_headers_end_at_the_limit_with_a_whole_field(void **state)
{
    struct arena *arena = arena_new(4096);
    struct slice original = SLICE("A: 1\r\nB: 2\r\nC: 3\r\n\r\nbody\r\n");

    (void)state;
    struct content got = content_choose(arena, original, true, 17);
    assert_int_equal(got.kind, CONTENT_HEADERS);
    assert_true(slice_eq(got.bytes, SLICE("A: 1\r\nB: 2\r\n")));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_is_wanted_only_when_all_allow_it),
        cmocka_unit_test(test_full_or_headers_by_what_the_original_is),
        cmocka_unit_test(test_long_lines_are_not_returned),
        cmocka_unit_test(test_headers_end_at_the_limit_with_a_whole_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
