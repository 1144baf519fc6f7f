/* SPDX-License-Identifier: Apache-2.0
 * Replies of peers, hostile ones among them (C13), and our own wording (I9, I25). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smtp/reply.h"

#define WIRE(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static enum parse parse_pieces(struct smtp_reply_parser *parser, struct slice wire, size_t piece,
                               struct smtp_reply *ret_reply)
{
    enum parse state = PARSE_MORE;

    while (wire.len && state == PARSE_MORE) {
        struct slice in = slice_sub(wire, 0, piece);
        size_t given = in.len;
        state = smtp_reply_parse(parser, &in, ret_reply);
        wire = slice_skip(wire, given - in.len);
    }
    return state;
}

static const struct {
    struct slice wire;
    unsigned code;
    const char *enhanced, *text;
} GOOD[] = {
    {WIRE("250 ok\r\n"), 250, "", "ok"},
    {WIRE("250\r\n"), 250, "", ""},
    {WIRE("250 \r\n"), 250, "", ""},
    {WIRE("250 2.1.0 Sender ok\r\n"), 250, "2.1.0", "Sender ok"},
    {WIRE("550 5.1.1\r\n"), 550, "5.1.1", ""},
    {WIRE("250-a\r\n250-\r\n250 c\r\n"), 250, "", "a\n\nc"},
    {WIRE("550-5.1.1 one\r\n550-5.1.1 two\r\n550 5.2.2 three\r\n"), 550, "5.1.1",
     "one\ntwo\n5.2.2 three"},
    /* a class that disagrees with the code, or too many digits: just text */
    {WIRE("550 2.1.1 no\r\n"), 550, "", "2.1.1 no"},
    {WIRE("354 5.1.1 go\r\n"), 354, "", "5.1.1 go"},
    {WIRE("550 5.1234.1 no\r\n"), 550, "", "5.1234.1 no"},
    {WIRE("550 5.1.1.1 no\r\n"), 550, "", "5.1.1.1 no"},
    {WIRE("550 5..1 no\r\n"), 550, "", "5..1 no"},
    {WIRE("550 5.1.1no\r\n"), 550, "", "5.1.1no"},
    {WIRE("550 5.999.999 x\r\n"), 550, "5.999.999", "x"},
    /* controls and 8-bit octets never reach a log or a report */
    {WIRE("550 a\0b\x1b[1m\xc3\xa9\tc\rd\r\n"), 550, "", "a?b?[1m???c?d"},
};

static void test_c13_good_replies(void **state)
{
    char enhanced[12];

    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        for (size_t piece = 1; piece < 60; piece += 7) {
            struct smtp_reply_parser parser = {0};
            struct smtp_reply reply;
            assert_int_equal(parse_pieces(&parser, GOOD[i].wire, piece, &reply), PARSE_DONE);
            assert_int_equal(reply.code, GOOD[i].code);
            assert_string_equal(smtp_enhanced_text(reply.enhanced, enhanced), GOOD[i].enhanced);
            assert_true(slice_eq(reply.text, slice_str(GOOD[i].text)));
            smtp_reply_parser_free(&parser);
        }
    }
}

static const struct slice BAD[] = {
    WIRE("\r\n"),
    WIRE("25\r\n"),
    WIRE("2500 x\r\n"),
    WIRE("250_x\r\n"),
    WIRE("150 x\r\n"),
    WIRE("650 x\r\n"),
    WIRE("2a0 x\r\n"),
    WIRE("250 ok\n"),
    WIRE("250-a\r\n251 b\r\n"),
    WIRE("250-a\r\n\r\n"),
    WIRE("HTTP/1.1 400 Bad Request\r\n"),
    WIRE("\x16\x03\x01\n"),
};

static void test_c13_what_is_no_reply_is_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        for (size_t piece = 1; piece < 30; piece += 9) {
            struct smtp_reply_parser parser = {0};
            struct smtp_reply reply;
            assert_int_equal(parse_pieces(&parser, BAD[i], piece, &reply), PARSE_BAD);
            smtp_reply_parser_free(&parser);
        }
    }
}

static void test_c13_text_is_cut_and_the_rest_read(void **state)
{
    struct smtp_reply_parser parser = {0};
    struct smtp_reply reply;
    struct buf wire = {0};

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        buf_add_str(&wire, "550-");
        for (size_t j = 0; j < 500; j++)
            buf_add_char(&wire, 'x');
        buf_add_str(&wire, "\r\n");
    }
    buf_add_str(&wire, "550 end\r\n");
    assert_int_equal(parse_pieces(&parser, buf_slice(&wire), 4096, &reply), PARSE_DONE);
    assert_int_equal(reply.text.len, SMTP_REPLY_BYTES_MAX);
    assert_int_equal(parse_pieces(&parser, SLICE("250 fresh\r\n"), 4, &reply), PARSE_DONE);
    assert_true(slice_eq(reply.text, SLICE("fresh")));
    buf_free(&wire);
    smtp_reply_parser_free(&parser);
}

static void test_c13_lines_and_octets_are_bounded(void **state)
{
    struct smtp_reply_parser lines = {0}, octets = {0};
    struct smtp_reply reply;
    size_t count = 0;

    (void)state;
    while (parse_pieces(&lines, SLICE("250-x\r\n"), 99, &reply) == PARSE_MORE)
        count++;
    assert_int_equal(count, SMTP_REPLY_LINES_MAX);
    count = 0;
    while (parse_pieces(&octets, SLICE("250 xxxxxxxxxxxx"), 99, &reply) == PARSE_MORE)
        count++;
    assert_int_equal(count, SMTP_REPLY_WIRE_MAX / 16);
    smtp_reply_parser_free(&lines);
    smtp_reply_parser_free(&octets);
}

static void test_done_leaves_what_follows(void **state)
{
    struct slice in = SLICE("250 one\r\n354 two\r\n4");
    struct smtp_reply_parser parser = {0};
    struct smtp_reply reply;

    (void)state;
    assert_int_equal(smtp_reply_parse(&parser, &in, &reply), PARSE_DONE);
    assert_int_equal(reply.code, 250);
    assert_int_equal(smtp_reply_parse(&parser, &in, &reply), PARSE_DONE);
    assert_int_equal(reply.code, 354);
    assert_int_equal(smtp_reply_parse(&parser, &in, &reply), PARSE_MORE);
    assert_int_equal(in.len, 0);
    smtp_reply_parser_free(&parser);
}

static void expect_added(struct smtp_reply reply, const char *wire)
{
    struct buf out = {0};

    smtp_reply_add(&out, &reply);
    assert_string_equal(buf_str(&out), wire);
    buf_free(&out);
}

static void test_i09_i25_our_replies_are_well_formed(void **state)
{
    (void)state;
    expect_added(SMTP_REPLY(250, 2, 1, 0, "Ok"), "250 2.1.0 Ok\r\n");
    expect_added(SMTP_REPLY(250, 0, 0, 0, "mx.test\nSIZE 10"), "250-mx.test\r\n250 SIZE 10\r\n");
    expect_added(SMTP_REPLY(550, 5, 7, 10, "a\nb"), "550-5.7.10 a\r\n550 5.7.10 b\r\n");
    expect_added(SMTP_REPLY(550, 2, 0, 0, "class disagrees"), "550 class disagrees\r\n");
    expect_added(SMTP_REPLY(451, 4, 0, 0, "a\rb\x01\xff"), "451 4.0.0 a?b??\r\n");
    expect_added(SMTP_REPLY(221, 0, 0, 0, ""), "221 \r\n");
}

static void test_a_copy_lives_in_the_arena(void **state)
{
    struct smtp_reply_parser parser = {0};
    struct arena *arena = arena_new(64);
    struct slice in = SLICE("421 4.3.2 bye\r\n");
    struct smtp_reply reply, copy;

    (void)state;
    assert_int_equal(smtp_reply_parse(&parser, &in, &reply), PARSE_DONE);
    copy = smtp_reply_copy(arena, &reply);
    smtp_reply_parser_free(&parser);
    assert_true(slice_eq(copy.text, SLICE("bye")));
    assert_int_equal(smtp_reply_class(&copy), 4);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c13_good_replies),
        cmocka_unit_test(test_c13_what_is_no_reply_is_bad),
        cmocka_unit_test(test_c13_text_is_cut_and_the_rest_read),
        cmocka_unit_test(test_c13_lines_and_octets_are_bounded),
        cmocka_unit_test(test_done_leaves_what_follows),
        cmocka_unit_test(test_i09_i25_our_replies_are_well_formed),
        cmocka_unit_test(test_a_copy_lives_in_the_arena),
    };

    return cmocka_run_group_tests_name("smtp/reply", tests, NULL, NULL);
}
