/* SPDX-License-Identifier: Apache-2.0
 * What each Received mode adds (S4..S9), byte for byte against tests/golden/received, and what a
 * hostile client name may do to it: nothing. test_received_strip.c has what modes delete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ingress/received.h"
#include "mail/header.h"

#define SAMPLE_MS INT64_C(1457420514000) /* Tue, 8 Mar 2016 16:01:54 +0900 */

static void apply(struct buf *trace, enum received_mode mode, struct slice helo)
{
    struct net_address client, local;
    struct err err;
    struct received_hop hop = {
        .helo = helo,
        .hostname = "mta01.relay.example",
        .client = &client,
        .local = &local,
        .now_ms = SAMPLE_MS,
        .zone_minutes = 9 * 60,
    };

    assert_int_equal(net_address_parse(SLICE("192.0.2.1"), 40000, &client, &err), 0);
    assert_int_equal(net_address_parse(SLICE("2001:db8::25"), 25, &local, &err), 0);
    received_apply(trace, mode, &hop);
}

static void check_golden(enum received_mode mode)
{
    struct buf trace = {0};
    char path[256], golden[1024];

    (void)snprintf(path, sizeof path, GOLDEN_FOLDER "/%s.eml", RECEIVED_MODE_NAMES[mode]);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(golden, 1, sizeof golden, file);
    (void)fclose(file);
    apply(&trace, mode, SLICE("mta.example.com"));
    assert_int_equal(trace.len, length);
    assert_memory_equal(trace.at, golden, length);
    buf_free(&trace);
}

static void test_s04_abbreviated_is_golden(void **state)
{
    (void)state;
    check_golden(RECEIVED_ABBREVIATED);
}

static void test_s05_normal_is_golden(void **state)
{
    (void)state;
    check_golden(RECEIVED_NORMAL);
}

static void test_s06_none_adds_no_received(void **state)
{
    (void)state;
    check_golden(RECEIVED_NONE);
}

static void test_s07_remove_all_adds_no_received(void **state)
{
    (void)state;
    check_golden(RECEIVED_REMOVE_ALL);
}

static void check_from(enum received_mode mode, struct slice helo, const char *from)
{
    struct buf trace = {0};

    apply(&trace, mode, helo);
    if (!slice_starts_nocase(buf_slice(&trace), slice_str(from)))
        fail_msg("%s, not %s", buf_str(&trace), from);
    buf_free(&trace);
}

static void test_s05_names_and_literals(void **state)
{
    static const struct {
        struct slice helo;
        const char *from;
    } ROWS[] = {
        {SLICE("[192.0.2.7]"), "Received: from [192.0.2.7] (unknown [192.0.2.1])\r\n by "},
        {SLICE("[IPv6:2001:DB8::1]"), "Received: from [IPv6:2001:db8::1] (unknown "},
        {SLICE("[192.0.2.7"), "Received: from 192.0.2.7 (unknown "},
        {SLICE("[x]"), "Received: from x (unknown "},
        {SLICE("[]"), "Received: from unknown (unknown "},
        {SLICE("a\r\nBcc: x"), "Received: from aBccx (unknown "},
        {SLICE("a);b"), "Received: from ab (unknown "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        check_from(RECEIVED_NORMAL, ROWS[i].helo, ROWS[i].from);
}

static void test_s09_abbreviated_hides_addresses_and_controls(void **state)
{
    static const struct {
        struct slice helo;
        const char *from;
    } ROWS[] = {
        {SLICE("mta.example.com"), "Received: from mta.example.com by "},
        {SLICE("[192.0.2.1]"), "Received: from unknown by "},
        {SLICE("192.0.2.1"), "Received: from unknown by "},
        {SLICE("IPv6:2001:db8::1"), "Received: from unknown by "},
        {SLICE(""), "Received: from unknown by "},
        {SLICE("a\r\nBcc: x"), "Received: from unknown by "}, /* a colon: no name */
        {SLICE("a\r\n b(c)"), "Received: from abc by "},
        {SLICE("(only)comment;"), "Received: from onlycomment by "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        check_from(RECEIVED_ABBREVIATED, ROWS[i].helo, ROWS[i].from);
}

/* One field in every mode, whose only semicolon stands before the date, on a line of its own. */
static void test_s08_s09_one_folded_field_with_the_date_at_its_end(void **state)
{
    const struct slice date = SLICE(";\r\n Tue, 8 Mar 2016 16:01:54 +0900");

    (void)state;
    for (int mode = 0; mode < RECEIVED_MODES; mode++) {
        struct buf trace = {0};
        struct header_field field;
        apply(&trace, (enum received_mode)mode, SLICE("mta.example.com"));
        struct slice rest = buf_slice(&trace);
        assert_true(header_next(&rest, &field));
        assert_int_equal(rest.len, 0);
        if (mode == RECEIVED_ABBREVIATED || mode == RECEIVED_NORMAL) {
            assert_true(slice_ends_nocase(field.value, date));
            assert_int_equal(slice_find(field.value, ';'), field.value.len - date.len);
        }
        buf_free(&trace);
    }
}

static void test_s09_a_long_name_is_capped(void **state)
{
    char name[2000];

    (void)state;
    memset(name, 'a', sizeof name);
    for (int mode = 0; mode < RECEIVED_MODES; mode++) {
        struct buf trace = {0};
        apply(&trace, (enum received_mode)mode, slice_of(name, sizeof name));
        assert_true(trace.len < 500);
        buf_free(&trace);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s04_abbreviated_is_golden),
        cmocka_unit_test(test_s05_normal_is_golden),
        cmocka_unit_test(test_s05_names_and_literals),
        cmocka_unit_test(test_s06_none_adds_no_received),
        cmocka_unit_test(test_s07_remove_all_adds_no_received),
        cmocka_unit_test(test_s08_s09_one_folded_field_with_the_date_at_its_end),
        cmocka_unit_test(test_s09_abbreviated_hides_addresses_and_controls),
        cmocka_unit_test(test_s09_a_long_name_is_capped),
    };
    return cmocka_run_group_tests_name("ingress/received", tests, NULL, NULL);
}
