/* SPDX-License-Identifier: Apache-2.0
 * Golden bytes of one record of each kind: the contract between nodes of mixed versions. A change
 * here strands mail that is on the log; fields may only be added, and then a new line is added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample.h"

#define GOLDEN_WORK                                                                                \
    "01000001ca"                                                                                   \
    "0a1463636363636363636363636363636363636363631210646573742e6578616d706c652e636f6d"             \
    "1ad9010a146161616161616161616262626262626262626262120e626f756e63657340642e746573"             \
    "741a106170702d34324073686f702e746573742206646f6d61696e2a0973686f702e746573743207"             \
    "64656661756c743a0a7375626d697373696f6e40cb044a0d6170702e73686f702e74657374520931"             \
    "39322e302e322e3758d0e5a0a8b52a601168017001780282010851512b3344333134880103920118"             \
    "52656365697665643a2066726f6d206120627920623b0d0a9a01133c6f726465722d314073686f70"             \
    "2e746573743ea2010b61626272657669617465642297011216757365723140646573742e6578616d"             \
    "706c652e636f6d1804221d7266633832323b757365723140646573742e6578616d706c652e636f6d"             \
    "2a5c08a6041205352e312e311a0c6e6f0a73756368207573657222075243505420544f2a146d7831"             \
    "2e646573742e6578616d706c652e636f6d320a3139322e302e322e32353a07626563617573654205"             \
    "352e312e31480250f084a1a8b52a221708071213753240646573742e6578616d706c652e636f6d28"             \
    "0230013894b4e4f4cb0348b4aabc8007503f"
/* The header of a work record that refers to its body, without the frame. */
#define HEADER_WORK_REF                                                                            \
    "0a1463636363636363636363636363636363636363631210646573742e6578616d706c652e636f6d"             \
    "1ad9010a146161616161616161616262626262626262626262120e626f756e63657340642e746573"             \
    "741a106170702d34324073686f702e746573742206646f6d61696e2a0973686f702e746573743207"             \
    "64656661756c743a0a7375626d697373696f6e40cb044a0d6170702e73686f702e74657374520931"             \
    "39322e302e322e3758d0e5a0a8b52a601168017001780282010851512b3344333134880103920118"             \
    "52656365697665643a2066726f6d206120627920623b0d0a9a01133c6f726465722d314073686f70"             \
    "2e746573743ea2010b61626272657669617465642297011216757365723140646573742e6578616d"             \
    "706c652e636f6d1804221d7266633832323b757365723140646573742e6578616d706c652e636f6d"             \
    "2a5c08a6041205352e312e311a0c6e6f0a73756368207573657222075243505420544f2a146d7831"             \
    "2e646573742e6578616d706c652e636f6d320a3139322e302e322e32353a07626563617573654205"             \
    "352e312e31480250f084a1a8b52a221708071213753240646573742e6578616d706c652e636f6d28"             \
    "0230013894b4e4f4cb03421a0801103f18808080801020838080801028c0843d30effdb6f50d503f"
#define GOLDEN_WORK_REF "01000001e0" HEADER_WORK_REF
#define GOLDEN_TIMER                                                                               \
    "01000001f408d3b3bea8b52a12086465666572726564"                                                 \
    "1ae003" HEADER_WORK_REF
#define GOLDEN_FAILURE                                                                             \
    "01000001f40802120d612e632e322e72656c61796564"                                                 \
    "1ae003" HEADER_WORK_REF

static void put_hex(struct buf *hex, const struct buf *value, size_t from)
{
    for (size_t i = from; i < value->len; i++)
        buf_addf(hex, "%02x", (unsigned)(uint8_t)value->at[i]);
}

static void assert_hex(struct buf *value, const char *golden)
{
    struct buf hex = {0};

    put_hex(&hex, value, 0);
    assert_string_equal(buf_str(&hex), golden);
    buf_free(&hex);
    buf_free(value);
}

static void test_work_has_golden_bytes(void **state)
{
    struct arena *arena = arena_new(4096);
    struct buf value = {0};

    (void)state;
    record_put_work(&value, sample_work(arena));
    assert_hex(&value, GOLDEN_WORK);
    record_put_work(&value, sample_work_with_ref(arena));
    assert_hex(&value, GOLDEN_WORK_REF);
    arena_free(&arena);
}

/* Behind what older nodes know of a reply. */
static void test_source_ip_is_added_at_the_end(void **state)
{
    static const char AT_MS_AND_TAIL[] = "50f084a1a8b52a5a0c3139382e35312e3130302e37";
    struct arena *arena = arena_new(4096);
    struct record_work *work = sample_work(arena), read;
    struct buf value = {0}, hex = {0};
    struct err err;

    (void)state;
    work->rcpts[0].last.source_ip = SLICE("198.51.100.7");
    record_put_work(&value, work);
    put_hex(&hex, &value, 0);
    assert_non_null(strstr(buf_str(&hex), AT_MS_AND_TAIL));
    assert_int_equal(record_get_work(arena, buf_slice(&value), &read, &err), 0);
    assert_true(slice_eq(read.rcpts[0].last.source_ip, SLICE("198.51.100.7")));
    buf_free(&hex);
    buf_free(&value);
    arena_free(&arena);
}

/* Behind what older nodes know. */
static void test_s24_copy_is_added_at_the_end(void **state)
{
    static const char TAIL[] = "5a13617263686976652e6578616d706c652e636f6d60dd13";
    struct arena *arena = arena_new(4096);
    struct record_work *work = sample_work(arena);
    struct buf value = {0}, hex = {0};
    size_t before;

    (void)state;
    record_put_work(&value, work);
    before = value.len;
    buf_clear(&value);
    work->copy = (struct record_copy){SLICE("archive.example.com"), 2525};
    record_put_work(&value, work);
    assert_int_equal(value.len, before + strlen(TAIL) / 2);
    put_hex(&hex, &value, before);
    assert_string_equal(buf_str(&hex), TAIL);
    buf_free(&hex);
    buf_free(&value);
    arena_free(&arena);
}

static void test_timer_has_golden_bytes(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_timer timer = {
        .due_ms = 1457420999123, .reason = SLICE("deferred"), .work = *sample_work_with_ref(arena)};
    struct buf value = {0};

    (void)state;
    record_put_timer(&value, &timer);
    assert_hex(&value, GOLDEN_TIMER);
    arena_free(&arena);
}

static void test_failure_has_golden_bytes(void **state)
{
    struct arena *arena = arena_new(4096);
    struct record_failure failure = {.action = RECORD_RELAYED,
                                     .event_id = SLICE("a.c.2.relayed"),
                                     .work = *sample_work_with_ref(arena)};
    struct buf value = {0};

    (void)state;
    record_put_failure(&value, &failure);
    assert_hex(&value, GOLDEN_FAILURE);
    arena_free(&arena);
}

static void test_chunk_has_golden_bytes(void **state)
{
    struct record_chunk chunk = {.sequence = 2, .total = 3, .bytes = SLICE_NONE};
    struct buf value = {0};

    (void)state;
    record_put_chunk(&value, &chunk);
    assert_hex(&value, "010000000408021003");
}

static void test_dead_has_golden_bytes(void **state)
{
    struct buf value = {0};

    (void)state;
    record_put_dead(&value, &(struct record_dead){.topic = "work",
                                                  .partition = 3,
                                                  .offset = 77,
                                                  .reason = "no envelope",
                                                  .component = "sender"});
    assert_hex(&value, "010000001f"
                       "0a04776f726b1003184d220b6e6f20656e76656c6f70652a0673656e646572");
}

/* Appending behind what the buffer holds: callers gather several records in one. */
static void test_records_are_appended(void **state)
{
    struct record_chunk chunk = {.sequence = 2, .total = 3, .bytes = SLICE_NONE};
    struct buf value = {0};

    (void)state;
    buf_add_char(&value, '\xee');
    record_put_chunk(&value, &chunk);
    assert_hex(&value, "ee010000000408021003");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_has_golden_bytes),
        cmocka_unit_test(test_source_ip_is_added_at_the_end),
        cmocka_unit_test(test_s24_copy_is_added_at_the_end),
        cmocka_unit_test(test_timer_has_golden_bytes),
        cmocka_unit_test(test_failure_has_golden_bytes),
        cmocka_unit_test(test_chunk_has_golden_bytes),
        cmocka_unit_test(test_dead_has_golden_bytes),
        cmocka_unit_test(test_records_are_appended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
