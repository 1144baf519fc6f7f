/* SPDX-License-Identifier: Apache-2.0
 * The trace field of each Received mode, byte for byte against tests/golden/received, and what a
 * hostile client name may do to it: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ingress/received.h"

#define SAMPLE_MS INT64_C(1457420514000) /* Tue, 8 Mar 2016 16:01:54 +0900 */

static void apply(struct buf *trace, enum received_mode mode, struct slice helo)
{
    struct received_hop hop = {
        .helo = helo,
        .hostname = "mta01.relay.example",
        .now_ms = SAMPLE_MS,
        .zone_minutes = 9 * 60,
    };
    received_apply(trace, mode, &hop);
}

static void assert_golden(struct slice actual, const char *mode)
{
    char path[256], golden[1024];

    (void)snprintf(path, sizeof path, GOLDEN_FOLDER "/%s.eml", mode);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(golden, 1, sizeof golden, file);
    (void)fclose(file);
    assert_int_equal(actual.len, length);
    assert_memory_equal(actual.at, golden, length);
}

static void test_every_mode_equals_its_golden_file(void **state)
{
    (void)state;
    for (int mode = 0; mode < RECEIVED_MODES; mode++) {
        struct buf trace = {0};
        apply(&trace, (enum received_mode)mode, SLICE("mta.example.com"));
        assert_golden(buf_slice(&trace), RECEIVED_MODE_NAMES[mode]);
        buf_free(&trace);
    }
}

static void test_s04_abbreviated_hides_addresses_and_controls(void **state)
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
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct buf trace = {0};
        apply(&trace, RECEIVED_ABBREVIATED, ROWS[i].helo);
        assert_true(slice_starts_nocase(buf_slice(&trace), slice_str(ROWS[i].from)));
        buf_free(&trace);
    }
}

static void test_a_long_name_is_capped(void **state)
{
    char name[2000];
    struct buf trace = {0};

    (void)state;
    memset(name, 'a', sizeof name);
    apply(&trace, RECEIVED_ABBREVIATED, slice_of(name, sizeof name));
    assert_true(trace.len < 400);
    buf_free(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mode_equals_its_golden_file),
        cmocka_unit_test(test_s04_abbreviated_hides_addresses_and_controls),
        cmocka_unit_test(test_a_long_name_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
