/* SPDX-License-Identifier: Apache-2.0
 * The header walk: byte for byte, folds and oddities included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/header.h"

#define TWO_FIELDS "Received: from a\r\n\tby b;\r\n date\r\nsubject :  hi \r\n"

static void test_fields_with_folds(void **state)
{
    struct slice rest = SLICE(TWO_FIELDS "\r\nbody: no\r\n");
    struct header_field field;

    (void)state;
    assert_true(header_next(&rest, &field));
    assert_true(slice_eq(field.name, SLICE("Received")));
    assert_true(slice_eq(field.value, SLICE(" from a\r\n\tby b;\r\n date")));
    assert_true(slice_eq(field.whole, SLICE("Received: from a\r\n\tby b;\r\n date\r\n")));
    assert_true(header_next(&rest, &field));
    assert_true(slice_eq(field.name, SLICE("subject")));
    assert_true(slice_eq(field.value, SLICE("  hi ")));
    assert_false(header_next(&rest, &field));
    assert_true(slice_eq(rest, SLICE("\r\nbody: no\r\n")));
}

#define WIRE(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct {
    struct slice mail;
    size_t length;
} BLOCKS[] = {
    {WIRE(TWO_FIELDS "\r\nbody\r\n"), sizeof(TWO_FIELDS) + 1},
    {WIRE(TWO_FIELDS), sizeof(TWO_FIELDS) - 1},
    {WIRE("\r\nbody\r\n"), 2},
    {WIRE("body without header\r\n"), 0},
    {WIRE("A: b\r\nFrom x Tue\r\nC: d\r\n"), 6},
    {WIRE(" continuation: first\r\n"), 0},
    {WIRE(": no name\r\n"), 0},
    {WIRE("a b: blank in the name\r\n"), 0},
    {WIRE("A: b\nc: d\r\n\r\nx"), 13},
    {WIRE("A: no end"), 9},
    {WIRE("A: b\r\n no end"), 13},
    {WIRE("..dots: b\r\n\r\n"), 13},
    {WIRE("A:\r\n\r\n"), 6},
    {WIRE("A\0: b\r\n"), 0},
    {WIRE(""), 0},
};

static void test_where_the_block_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BLOCKS / sizeof *BLOCKS; i++) {
        size_t length = header_block(BLOCKS[i].mail).len;
        if (length != BLOCKS[i].length)
            fail_msg("row %zu: %zu", i, length);
    }
}

/* ".Received:" on the wire is "Received:" for whoever gets the mail. */
static void test_stuffed_dots_are_no_part_of_names_and_folds(void **state)
{
    struct slice rest = SLICE(".Received: a\r\n. by b\r\n..Received: c\r\n\r\n");
    struct header_field field;

    (void)state;
    assert_true(header_next(&rest, &field));
    assert_true(slice_eq(field.name, SLICE("Received")));
    assert_true(slice_eq(field.whole, SLICE(".Received: a\r\n. by b\r\n")));
    assert_true(header_next(&rest, &field));
    assert_true(slice_eq(field.name, SLICE(".Received")));
    assert_false(header_next(&rest, &field));
}

static void test_value_and_count(void **state)
{
    struct slice block = header_block(
        SLICE("RECEIVED: a\r\nSubject: \r\n one\r\n\ttwo \r\nreceived: b\r\nSubject: x\r\n\r\n"));

    (void)state;
    assert_int_equal(header_count(block, SLICE("Received")), 2);
    assert_int_equal(header_count(block, SLICE("Receive")), 0);
    assert_true(slice_eq(header_value(block, SLICE("subject")), SLICE("one\r\n\ttwo")));
    assert_int_equal(header_value(block, SLICE("To")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_with_folds),
        cmocka_unit_test(test_where_the_block_ends),
        cmocka_unit_test(test_stuffed_dots_are_no_part_of_names_and_folds),
        cmocka_unit_test(test_value_and_count),
    };

    return cmocka_run_group_tests_name("mail/header", tests, NULL, NULL);
}
