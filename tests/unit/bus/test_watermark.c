/* SPDX-License-Identifier: Apache-2.0
 * The ring of records in hand: any order of finishing, gaps, growth, bounds, against a model. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "base/hash.h"
#include "bus/watermark.h"

static struct watermark *fresh(size_t width, int64_t next_offset)
{
    struct watermark *watermark = watermark_new(width);

    watermark_reset(watermark, next_offset);
    return watermark;
}

static void test_watermark_empty_is_at_the_start(void **state)
{
    struct watermark *watermark = fresh(4, 17);

    (void)state;
    assert_int_equal(watermark_lowest(watermark), 17);
    assert_int_equal(watermark_next(watermark), 17);
    assert_int_equal(watermark_count(watermark), 0);
    watermark_free(&watermark);
    assert_null(watermark);
    watermark_free(&watermark);
}

static void test_watermark_moves_only_over_what_is_finished(void **state)
{
    static const struct {
        int64_t finish, lowest;
    } steps[] = {{4, 0}, {1, 0}, {0, 2}, {3, 2}, {2, 5}};
    struct watermark *watermark = fresh(8, 0);

    (void)state;
    for (int64_t offset = 0; offset < 5; offset++)
        watermark_take(watermark, offset, 0);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_true(watermark_finish(watermark, steps[i].finish));
        assert_int_equal(watermark_lowest(watermark), steps[i].lowest);
    }
    assert_int_equal(watermark_next(watermark), 5);
    watermark_free(&watermark);
}

static void test_watermark_refuses_what_is_not_in_hand(void **state)
{
    struct watermark *watermark = fresh(8, 10);

    (void)state;
    watermark_take(watermark, 10, 0);
    watermark_take(watermark, 12, 0);
    assert_false(watermark_finish(watermark, 9));
    assert_false(watermark_finish(watermark, 11));
    assert_false(watermark_finish(watermark, 13));
    assert_true(watermark_finish(watermark, 12));
    assert_false(watermark_finish(watermark, 12));
    assert_true(watermark_finish(watermark, 10));
    assert_false(watermark_finish(watermark, 10));
    watermark_free(&watermark);
}

static void test_watermark_gaps_of_compaction_do_not_count(void **state)
{
    struct watermark *watermark = fresh(3, 0);

    (void)state;
    watermark_take(watermark, 5, 0);
    watermark_take(watermark, 1000000, 0);
    assert_int_equal(watermark_lowest(watermark), 5);
    assert_true(watermark_finish(watermark, 5));
    assert_int_equal(watermark_lowest(watermark), 1000000);
    assert_true(watermark_finish(watermark, 1000000));
    assert_int_equal(watermark_lowest(watermark), 1000001);
    watermark_free(&watermark);
}

static void test_watermark_is_full_at_its_width(void **state)
{
    struct watermark *watermark = fresh(100, 0);

    (void)state;
    for (int64_t offset = 0; offset < 100; offset++) {
        assert_false(watermark_is_full(watermark));
        watermark_take(watermark, offset, 0);
    }
    assert_true(watermark_is_full(watermark));
    for (int64_t offset = 1; offset < 100; offset++)
        assert_true(watermark_finish(watermark, offset));
    assert_true(watermark_is_full(watermark)); /* the lowest one holds all the others */
    assert_true(watermark_finish(watermark, 0));
    assert_int_equal(watermark_count(watermark), 0);
    assert_int_equal(watermark_lowest(watermark), 100);
    watermark_free(&watermark);
}

static void test_watermark_reset_forgets(void **state)
{
    struct watermark *watermark = fresh(8, 0);

    (void)state;
    watermark_take(watermark, 0, 0);
    watermark_take(watermark, 1, 0);
    watermark_reset(watermark, 1);
    assert_false(watermark_finish(watermark, 1));
    watermark_take(watermark, 1, 0);
    assert_int_equal(watermark_lowest(watermark), 1);
    watermark_free(&watermark);
}

static void test_watermark_tells_when_the_lowest_record_was_stored(void **state)
{
    static const struct {
        int64_t finish, lowest_at_ms;
    } steps[] = {{1, 700}, {0, 0}, {2, 500}, {4, 500}, {3, 0}};
    struct watermark *watermark = fresh(8, 0);

    (void)state;
    assert_int_equal(watermark_lowest_at_ms(watermark), 0);
    watermark_take(watermark, 0, 700);
    watermark_take(watermark, 1, 600);
    watermark_take(watermark, 2, 0); /* a log that told no time */
    watermark_take(watermark, 3, 500);
    watermark_take(watermark, 4, 400); /* not the earliest: that of the lowest offset */
    assert_int_equal(watermark_lowest_at_ms(watermark), 700);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_true(watermark_finish(watermark, steps[i].finish));
        assert_int_equal(watermark_lowest_at_ms(watermark), steps[i].lowest_at_ms);
    }
    watermark_take(watermark, 5, 300);
    watermark_reset(watermark, 5);
    assert_int_equal(watermark_lowest_at_ms(watermark), 0);
    watermark_free(&watermark);
}

/* The ring is a longer one then, and its front is another. */
static void test_watermark_times_stay_with_their_records(void **state)
{
    struct watermark *watermark = fresh(1000, 0);

    (void)state;
    for (int64_t offset = 0; offset < 20; offset++)
        watermark_take(watermark, offset, offset + 100);
    for (int64_t offset = 0; offset < 20; offset++)
        assert_true(watermark_finish(watermark, offset));
    for (int64_t offset = 20; offset < 500; offset++)
        watermark_take(watermark, offset, offset + 100);
    for (int64_t offset = 20; offset < 500; offset++) {
        assert_int_equal(watermark_lowest_at_ms(watermark), offset + 100);
        assert_true(watermark_finish(watermark, offset));
    }
    assert_int_equal(watermark_lowest_at_ms(watermark), 0);
    watermark_free(&watermark);
}

#define MODEL_RECORDS 5000
#define MODEL_WIDTH   300

static uint64_t dice(unsigned i)
{
    return hash_bytes(slice_of(&i, sizeof i));
}

/* Takes and finishes at random; a plain array says what must come out. */
static void test_watermark_agrees_with_a_model(void **state)
{
    struct watermark *watermark = fresh(MODEL_WIDTH, 0);
    static const int64_t unfinished = 1, finished = 2;
    int64_t model[MODEL_RECORDS * 4] = {0};
    int64_t next = 0, lowest = 0;

    (void)state;
    for (unsigned i = 0; next < MODEL_RECORDS * 3; i++) {
        if (!watermark_is_full(watermark) && dice(i) % 3 != 0) {
            next += (int64_t)(dice(i) >> 8) % 3; /* gaps of 0 to 2 */
            watermark_take(watermark, next, 0);
            model[next++] = unfinished;
        } else if (next > lowest) {
            int64_t at = lowest + (int64_t)((dice(i) >> 8) % (uint64_t)(next - lowest));
            assert_true(watermark_finish(watermark, at) == (model[at] == unfinished));
            model[at] = model[at] == unfinished ? finished : model[at];
        }
        while (lowest < next && model[lowest] != unfinished)
            lowest++;
        assert_int_equal(watermark_lowest(watermark), lowest);
        assert_int_equal(watermark_next(watermark), next);
    }
    watermark_free(&watermark);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watermark_empty_is_at_the_start),
        cmocka_unit_test(test_watermark_moves_only_over_what_is_finished),
        cmocka_unit_test(test_watermark_refuses_what_is_not_in_hand),
        cmocka_unit_test(test_watermark_gaps_of_compaction_do_not_count),
        cmocka_unit_test(test_watermark_is_full_at_its_width),
        cmocka_unit_test(test_watermark_reset_forgets),
        cmocka_unit_test(test_watermark_tells_when_the_lowest_record_was_stored),
        cmocka_unit_test(test_watermark_times_stay_with_their_records),
        cmocka_unit_test(test_watermark_agrees_with_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
