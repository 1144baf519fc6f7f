/* SPDX-License-Identifier: Apache-2.0
 * The marks w:{p}: what is written, trimmed, read back. */
#include "unit/sender/fixture.h"

#include "sender/marks.h"

static void on_loaded(void *owner, bool is_known)
{
    assert_true(is_known);
    *(bool *)owner = true;
}

static void load(struct fixture *fixture, struct marks *marks, struct mark_table *table)
{
    bool is_loaded = false;
    struct marks_load load = {.on_loaded = on_loaded, .owner = &is_loaded, .table = table};

    marks_load(marks, 3, &load);
    assert_false(is_loaded);
    WAIT_FOR(fixture->loop, is_loaded);
}

static void test_bits_round_trip(void **state)
{
    static const bool SETS[][9] = {
        {0}, {1}, {0, 0, 0, 0, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 1, 0, 1, 0, 0, 0, 0, 1},
    };
    struct arena *arena = arena_new(256);

    (void)state;
    for (size_t row = 0; row < sizeof SETS / sizeof *SETS; row++)
        for (size_t count = 1; count <= 9; count++) {
            struct slice hex = mark_bits_put(arena, SETS[row], count);
            for (size_t i = 0; i < 16; i++)
                assert_int_equal(mark_bits_has(hex, i), i < count && SETS[row][i]);
        }
    assert_false(mark_bits_has(SLICE("zz"), 0));
    arena_free(&arena);
}

static void test_marks_come_back_strongest_first(void **state)
{
    struct mark_table table = {0};
    struct fixture fixture;
    struct marks *marks;

    (void)state;
    fixture_begin(&fixture, NULL);
    marks = marks_new(fixture.loop, fixture.redis);
    marks_put(marks, 3, 10, MARK_SENT, SLICE_NONE);
    marks_put(marks, 3, 9, MARK_PARTIAL, SLICE("1"));
    marks_put(marks, 3, 9, MARK_PARTIAL, SLICE("4"));
    marks_put(marks, 3, 10, MARK_FINISHED, SLICE_NONE);
    marks_put(marks, 4, 11, MARK_SENT, SLICE_NONE);
    marks_put(marks, 3, 1000, MARK_SENT, SLICE_NONE);
    load(&fixture, marks, &table);
    assert_int_equal(table.count, 5);
    assert_int_equal(mark_table_find(&table, 8), MARK_NONE);
    assert_int_equal(mark_table_find(&table, 9), MARK_PARTIAL);
    assert_true(mark_table_has(&table, 9, 0));
    assert_false(mark_table_has(&table, 9, 1));
    assert_true(mark_table_has(&table, 9, 2));
    assert_int_equal(mark_table_find(&table, 10), MARK_FINISHED);
    assert_int_equal(mark_table_find(&table, 11), MARK_NONE);
    assert_int_equal(mark_table_find(&table, 1000), MARK_SENT);
    mark_table_clear(&table);
    marks_free(&marks);
    fixture_end(&fixture);
}

static void test_trim_drops_what_was_committed(void **state)
{
    struct fixture fixture;
    struct marks *marks;

    (void)state;
    fixture_begin(&fixture, NULL);
    marks = marks_new(fixture.loop, fixture.redis);
    for (int64_t offset = 0; offset < 200; offset++) /* more than one command takes */
        marks_put(marks, 3, offset, MARK_SENT, SLICE_NONE);
    loop_turn(fixture.loop, 0);
    marks_trim(marks, 3, 198);
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "ZRANGE w:{3} 0 -1"), "198:S 199:S") == 0);
    marks_free(&marks);
    fixture_end(&fixture);
}

static void test_garbage_is_ignored(void **state)
{
    struct mark_table table = {0};
    struct fixture fixture;
    struct marks *marks;

    (void)state;
    fixture_begin(&fixture, NULL);
    marks = marks_new(fixture.loop, fixture.redis);
    (void)fixture_ask(&fixture, "ZADD w:{3} 1 x 2 2:X 3 3: 4 4:SS 5 99999999999999999999:S 6 6:F");
    load(&fixture, marks, &table);
    assert_int_equal(table.count, 1);
    assert_int_equal(mark_table_find(&table, 6), MARK_FINISHED);
    mark_table_clear(&table);
    (void)fixture_ask(&fixture, "SET w:{3} no");
    load(&fixture, marks, &table);
    assert_int_equal(table.count, 0);
    mark_table_clear(&table);
    marks_free(&marks);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits_round_trip),
        cmocka_unit_test(test_marks_come_back_strongest_first),
        cmocka_unit_test(test_trim_drops_what_was_committed),
        cmocka_unit_test(test_garbage_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
