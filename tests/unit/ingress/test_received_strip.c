/* SPDX-License-Identifier: Apache-2.0
 * What the Received modes delete (S6, S7), byte for byte, and hops counted before that (S9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/received.h"
#include "mail/header.h"

static void check_strip(enum received_mode mode, struct slice mail, struct slice left)
{
    struct buf body = {0};

    buf_add(&body, mail);
    assert_int_equal(received_strip(&body, mode), mail.len - left.len);
    if (!slice_eq(buf_slice(&body), left))
        fail_msg("%.*s left of %.*s", SLICE_ARGS(buf_slice(&body)), SLICE_ARGS(mail));
    buf_free(&body);
}

#define WIRE(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define NESTED                                                                                     \
    "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nReceived: from x\r\nSubject: "                 \
    "nested\r\n\r\n..\r\n"

static const struct strip_row {
    struct slice mail, left;
} ROWS[] = {
    {WIRE("Received: a\r\nSubject: s\r\n\r\nhi\r\n"), WIRE("Subject: s\r\n\r\nhi\r\n")},
    {WIRE("A: 1\r\nReceived: a\r\n b\r\n\tc\r\nB: 2\r\n\r\nhi\r\n"),
     WIRE("A: 1\r\nB: 2\r\n\r\nhi\r\n")},
    {WIRE("RECEIVED: a\r\nreceived:b\r\nReCeIvEd : c\r\n\r\nhi\r\n"), WIRE("\r\nhi\r\n")},
    {WIRE("A: 1\r\nReceived: a\r\n" NESTED), WIRE("A: 1\r\n" NESTED)},
    {WIRE("A: 1\r\nReceived: last\r\n"), WIRE("A: 1\r\n")},
    {WIRE("A: 1\r\nReceived: no final CRLF"), WIRE("A: 1\r\n")},
    {WIRE("Received: a\r\n b, no final CRLF"), WIRE("")},
    {WIRE("Received: all there is\r\n"), WIRE("")},
    {WIRE("Received:\r\n\r\n"), WIRE("\r\n")},
    /* a stuffed dot is no part of the name; two are one dot */
    {WIRE(".Received: a\r\n. b\r\nA: 1\r\n\r\n"), WIRE("A: 1\r\n\r\n")},
    {WIRE("..Received: a\r\nA: 1\r\n\r\n"), WIRE("..Received: a\r\nA: 1\r\n\r\n")},
    /* nothing to delete */
    {WIRE("\r\nReceived: body\r\n"), WIRE("\r\nReceived: body\r\n")},
    {WIRE("no header\r\nReceived: body\r\n"), WIRE("no header\r\nReceived: body\r\n")},
    {WIRE("X-Received: a\r\nReceived-SPF: b\r\n\r\n"),
     WIRE("X-Received: a\r\nReceived-SPF: b\r\n\r\n")},
    {WIRE("A: folded\r\n Received: a\r\n\r\n"), WIRE("A: folded\r\n Received: a\r\n\r\n")},
    {WIRE(""), WIRE("")},
};

static void test_s07_every_received_field_goes_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        check_strip(RECEIVED_REMOVE_ALL, ROWS[i].mail, ROWS[i].left);
}

static void test_s06_other_modes_leave_every_octet(void **state)
{
    static const enum received_mode MODES[] = {RECEIVED_ABBREVIATED, RECEIVED_NORMAL,
                                               RECEIVED_NONE};

    (void)state;
    for (size_t mode = 0; mode < sizeof MODES / sizeof *MODES; mode++)
        for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
            check_strip(MODES[mode], ROWS[i].mail, ROWS[i].mail);
}

static void test_s07_a_header_of_100_kib(void **state)
{
    struct buf mail = {0}, left = {0};

    (void)state;
    while (left.len < (size_t)100 * 1024) {
        buf_addf(&mail, "Received: from %zu\r\n by us\r\nX-%zu: kept\r\n", mail.len, left.len);
        buf_addf(&left, "X-%zu: kept\r\n", left.len);
    }
    buf_add(&mail, SLICE("\r\n\x80\xff..\r\n"));
    buf_add(&left, SLICE("\r\n\x80\xff..\r\n"));
    check_strip(RECEIVED_REMOVE_ALL, buf_slice(&mail), buf_slice(&left));
    buf_free(&mail);
    buf_free(&left);
}

static void test_s09_hops_are_received_fields_and_loop_tokens(void **state)
{
    (void)state;
    assert_int_equal(received_hops(SLICE("Received: a\r\nRECEIVED: b\r\n c\r\nA: 1\r\n")), 2);
    assert_int_equal(received_hops(SLICE("x-hikyaku-loop: a\r\nReceived: b\r\n\r\nReceived: c")),
                     2);
    assert_int_equal(received_hops(SLICE("A: 1\r\n\r\n")), 0);
}

/* A mail that comes back to us counts one hop more each time, whatever the mode. */
static void test_s09_a_loop_through_ourselves_grows_in_every_mode(void **state)
{
    struct net_address address;
    struct err err;
    struct received_hop hop = {
        .helo = SLICE("us.example"),
        .hostname = "us.example",
        .client = &address,
        .local = &address,
    };

    (void)state;
    assert_int_equal(net_address_parse(SLICE("127.0.0.1"), 25, &address, &err), 0);
    for (int mode = 0; mode < RECEIVED_MODES; mode++) {
        struct buf mail = {0};
        buf_add(&mail, SLICE("Subject: loop\r\n\r\nReceived: body\r\n"));
        for (size_t pass = 0; pass < 12; pass++) {
            struct buf sent = {0};
            assert_int_equal(received_hops(header_block(buf_slice(&mail))), pass);
            (void)received_strip(&mail, (enum received_mode)mode);
            received_apply(&sent, (enum received_mode)mode, &hop);
            buf_add(&sent, buf_slice(&mail));
            buf_free(&mail);
            mail = sent;
        }
        buf_free(&mail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s06_other_modes_leave_every_octet),
        cmocka_unit_test(test_s07_every_received_field_goes_and_nothing_else),
        cmocka_unit_test(test_s07_a_header_of_100_kib),
        cmocka_unit_test(test_s09_hops_are_received_fields_and_loop_tokens),
        cmocka_unit_test(test_s09_a_loop_through_ourselves_grows_in_every_mode),
    };
    return cmocka_run_group_tests_name("ingress/received_strip", tests, NULL, NULL);
}
