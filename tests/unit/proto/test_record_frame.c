/* SPDX-License-Identifier: Apache-2.0
 * The frame round a header, from whatever the log holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "proto/record_frame.h"

static void test_frame_is_version_and_length(void **state)
{
    char frame[RECORD_FRAME_BYTES];

    (void)state;
    record_frame_put(frame, 0x01020304);
    assert_memory_equal(frame, "\x01\x01\x02\x03\x04", 5);
}

static void test_frames_are_refused(void **state)
{
    static const struct {
        struct slice value;
        const char *why;
    } CASES[] = {
        {SLICE_NONE, "record of 0 bytes has no frame"},
        {{"\x01\0\0\0", 4}, "record of 4 bytes has no frame"},
        {{"\x00\0\0\0\0", 5}, "record version 0 is not known"},
        {{"\xff\0\0\0\0", 5}, "record version 255 is not known"},
        {{"\x01\0\0\0\x01", 5}, "header of 1 bytes is cut off"},
        {{"\x01\xff\xff\xff\xff", 5}, "header of 4294967295 bytes is too long"},
    };
    struct slice header, body;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal(record_frame_get(CASES[i].value, &header, &body, &err), -1);
        assert_int_equal(err.kind, ERR_INVALID);
        assert_string_equal(err.text, CASES[i].why);
    }
}

static void test_body_is_found_without_decoding(void **state)
{
    struct slice body;
    struct err err;

    (void)state;
    assert_int_equal(record_get_body(slice_of("\x01\0\0\0\x02??hello", 12), &body, &err), 0);
    assert_true(slice_eq(body, SLICE("hello")));
}

static void test_body_is_intact_only_with_length_and_checksum(void **state)
{
    struct slice body = SLICE("hello");
    uint32_t crc = hash_crc32c(0, body);

    (void)state;
    assert_true(record_body_is_intact(body, 5, crc));
    assert_false(record_body_is_intact(body, 6, crc));
    assert_false(record_body_is_intact(body, 5, crc ^ 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_is_version_and_length),
        cmocka_unit_test(test_frames_are_refused),
        cmocka_unit_test(test_body_is_found_without_decoding),
        cmocka_unit_test(test_body_is_intact_only_with_length_and_checksum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
