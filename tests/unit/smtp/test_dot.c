/* SPDX-License-Identifier: Apache-2.0
 * The dot scanner against a slow and obvious model, and stuffing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/dot_model.h"
#include "smtp/dot.h"

static struct dot_model scan_pieces(struct slice stream, size_t piece)
{
    struct dot_model outcome = {0};
    struct smtp_dot dot = {0};
    struct smtp_dot_body body;

    while (outcome.used < stream.len && !outcome.is_end) {
        struct slice in = slice_sub(stream, outcome.used, outcome.used + piece);
        size_t given = in.len;
        outcome.is_end = smtp_dot_scan(&dot, &in, &body) == PARSE_DONE;
        buf_add(&outcome.body, body.held);
        buf_add(&outcome.body, body.bytes);
        outcome.used += given - in.len;
    }
    outcome.is_violated = dot.is_violated;
    return outcome;
}

static void compare(struct slice stream, size_t piece)
{
    struct dot_model want = dot_model_run(stream), got = scan_pieces(stream, piece);

    assert_true(want.is_end);
    assert_true(got.is_end);
    assert_int_equal(got.used, want.used);
    assert_int_equal(got.is_violated, want.is_violated);
    assert_true(slice_eq(buf_slice(&got.body), buf_slice(&want.body)));
    buf_free(&want.body);
    buf_free(&got.body);
}

/* All words up to 7 octets over the five classes that matter: 97 655 streams, four cuts each. */
static void test_i02_scanner_equals_the_model_on_all_short_streams(void **state)
{
    static const char OCTETS[] = {'a', '.', '\0', '\r', '\n'};
    char stream[7 + 7];

    (void)state;
    for (size_t length = 0; length <= 7; length++) {
        size_t count = 1;
        for (size_t i = 0; i < length; i++)
            count *= sizeof OCTETS;
        for (size_t word = 0; word < count; word++) {
            size_t digits = word;
            for (size_t i = 0; i < length; i++, digits /= sizeof OCTETS)
                stream[i] = OCTETS[digits % sizeof OCTETS];
            memcpy(stream + length, "\r\n.\r\n!", 6);
            for (size_t piece = 1; piece <= 3; piece++)
                compare(slice_of(stream, length + 6), piece);
            compare(slice_of(stream, length + 6), sizeof stream);
        }
    }
}

/* Longer text than memchr's vectors, from a fixed sequence. */
static void test_i02_scanner_equals_the_model_on_long_streams(void **state)
{
    struct buf stream = {0};
    uint32_t random = 1;

    (void)state;
    for (size_t round = 0; round < 300; round++) {
        buf_clear(&stream);
        for (size_t i = 0; i < 2000; i++) {
            random = random * 1664525u + 1013904223u;
            unsigned pick = random >> 24;
            if (pick < 8)
                buf_add(&stream, SLICE("\r\n"));
            else if (pick < 9 && round % 3 == 0)
                buf_add_char(&stream, "\r\n."[random >> 16 & 1]);
            else if (pick < 12)
                buf_add(&stream, SLICE("\r\n.."));
            else
                buf_add_char(&stream, 'a');
        }
        buf_add(&stream, SLICE("\r\n.\r\nNOOP\r\n"));
        compare(buf_slice(&stream), 1 + random % 97);
        compare(buf_slice(&stream), stream.len);
    }
    buf_free(&stream);
}

static void test_pieces_are_as_large_as_they_come(void **state)
{
    struct slice in = SLICE("one\r\ntwo\r\n..three\r\n.\r\nrest");
    struct smtp_dot dot = {0};
    struct smtp_dot_body body;

    (void)state;
    assert_int_equal(smtp_dot_scan(&dot, &in, &body), PARSE_DONE);
    assert_true(slice_eq(body.bytes, SLICE("one\r\ntwo\r\n..three\r\n")));
    assert_int_equal(body.held.len, 0);
    assert_true(slice_eq(in, SLICE("rest")));
    assert_int_equal(dot.stuffed, 1);
}

static bool is_sendable(struct slice a, struct slice b)
{
    const struct slice parts[] = {a, b};
    uint64_t stuffed;

    return smtp_dot_is_sendable(parts, 2, &stuffed);
}

static void test_c09_sendable_is_whole_stuffed_crlf_lines(void **state)
{
    (void)state;
    assert_true(is_sendable(SLICE(""), SLICE("")));
    assert_true(is_sendable(SLICE("Received: x\r\n"), SLICE("..\r\ntext\r\n")));
    assert_true(is_sendable(SLICE("Recei"), SLICE("ved: x\r\n")));
    assert_false(is_sendable(SLICE("x\r\n"), SLICE(".\r\n")));
    assert_false(is_sendable(SLICE("x\r\n"), SLICE(".\r\nMAIL\r\n")));
    assert_false(is_sendable(SLICE("x\r\n."), SLICE("\r\nMAIL\r\n")));
    assert_false(is_sendable(SLICE("x\n"), SLICE("text\r\n")));
    assert_false(is_sendable(SLICE("x\r"), SLICE("text\r\n")));
    assert_false(is_sendable(SLICE(""), SLICE("no end")));
    assert_false(is_sendable(SLICE(""), SLICE("half an end\r")));
}

static void test_c09_stuffing_and_back(void **state)
{
    struct slice plain = SLICE(".\r\n..\r\na.b\r\n\r\n.last");
    struct buf stuffed = {0}, back = {0};

    (void)state;
    smtp_dot_stuff(&stuffed, plain);
    assert_string_equal(buf_str(&stuffed), "..\r\n...\r\na.b\r\n\r\n..last");
    smtp_dot_unstuff(&back, buf_slice(&stuffed));
    assert_true(slice_eq(buf_slice(&back), plain));
    buf_free(&stuffed);
    buf_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i02_scanner_equals_the_model_on_all_short_streams),
        cmocka_unit_test(test_i02_scanner_equals_the_model_on_long_streams),
        cmocka_unit_test(test_pieces_are_as_large_as_they_come),
        cmocka_unit_test(test_c09_sendable_is_whole_stuffed_crlf_lines),
        cmocka_unit_test(test_c09_stuffing_and_back),
    };

    return cmocka_run_group_tests_name("smtp/dot", tests, NULL, NULL);
}
