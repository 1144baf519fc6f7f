/* SPDX-License-Identifier: Apache-2.0
 * The marks w:{p}: what is written, trimmed, read back. */
#include "unit/sender/fixture.h"

#include "sender/marks.h"

static void on_loaded(void *owner, bool is_known)
{
    assert_true(is_known);
    *(bool *)owner = true;
}

/* Of parcel "p" where no other is named. */
static void put(struct marks *marks, int32_t partition, int64_t offset, enum mark mark)
{
    marks_put(marks, partition, &(struct mark_place){offset, SLICE("p")}, mark, SLICE_NONE);
}

static void put_partial(struct marks *marks, int64_t offset, struct slice bits)
{
    marks_put(marks, 3, &(struct mark_place){offset, SLICE("p")}, MARK_PARTIAL, bits);
}

static enum mark find(struct mark_table *table, int64_t offset)
{
    return mark_table_find(table, &(struct mark_place){offset, SLICE("p")});
}

static bool has(const struct mark_table *table, int64_t offset, size_t i)
{
    return mark_table_has(table, &(struct mark_place){offset, SLICE("p")}, i);
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
    put(marks, 3, 10, MARK_SENT);
    put_partial(marks, 9, SLICE("1"));
    put_partial(marks, 9, SLICE("4"));
    put(marks, 3, 10, MARK_FINISHED);
    put(marks, 4, 11, MARK_SENT);
    put(marks, 3, 1000, MARK_SENT);
    load(&fixture, marks, &table);
    assert_int_equal(table.count, 5);
    assert_int_equal(find(&table, 8), MARK_NONE);
    assert_int_equal(find(&table, 9), MARK_PARTIAL);
    assert_true(has(&table, 9, 0));
    assert_false(has(&table, 9, 1));
    assert_true(has(&table, 9, 2));
    assert_int_equal(find(&table, 10), MARK_FINISHED);
    assert_int_equal(find(&table, 11), MARK_NONE);
    assert_int_equal(find(&table, 1000), MARK_SENT);
    mark_table_clear(&table);
    marks_free(&marks);
    fixture_end(&fixture);
}

/* A log that was removed and begun anew has other mails at the same offsets. */
static void test_mark_of_another_parcel_is_not_believed(void **state)
{
    struct mark_table table = {0};
    struct fixture fixture;
    struct marks *marks;

    (void)state;
    fixture_begin(&fixture, NULL);
    marks = marks_new(fixture.loop, fixture.redis);
    marks_put(marks, 3, &(struct mark_place){5, SLICE("old")}, MARK_FINISHED, SLICE_NONE);
    marks_put(marks, 3, &(struct mark_place){6, SLICE("old")}, MARK_PARTIAL, SLICE("1"));
    put_partial(marks, 6, SLICE("2"));
    load(&fixture, marks, &table);
    assert_int_equal(find(&table, 5), MARK_NONE);
    assert_int_equal(find(&table, 6), MARK_PARTIAL);
    assert_false(has(&table, 6, 0));
    assert_true(has(&table, 6, 1));
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
        put(marks, 3, offset, MARK_SENT);
    loop_turn(fixture.loop, 0);
    marks_trim(marks, 3, 198);
    WAIT_FOR(fixture.loop, strcmp(fixture_ask(&fixture, "ZRANGE w:{3} 0 -1"),
                                  "198:S:602212188 199:S:602212188") == 0);
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
    (void)fixture_ask(&fixture,
                      "ZADD w:{3} 1 x 2 2:X:602212188 3 3: 4 4:SS 5 99999999999999999999:S 7 7:S "
                      "8 8:F:y 6 6:F:602212188");
    load(&fixture, marks, &table);
    assert_int_equal(table.count, 1);
    assert_int_equal(find(&table, 6), MARK_FINISHED);
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
        cmocka_unit_test(test_mark_of_another_parcel_is_not_believed),
        cmocka_unit_test(test_trim_drops_what_was_committed),
        cmocka_unit_test(test_garbage_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
