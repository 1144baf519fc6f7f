/* SPDX-License-Identifier: Apache-2.0
 * Repeats are told from new records by parcel id and attempt, and by fence where nothing was
 * decided. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "sender/flight.h"

static struct record_work work_of(const char *id, uint32_t attempt, int64_t fence)
{
    return (struct record_work){
        .parcel_id = slice_str(id), .attempt = attempt, .has_fence = fence >= 0, .fence = fence};
}

static void test_finished_record_is_recognised_exactly(void **state)
{
    const struct record_work finished = work_of("mail-1", 2, 17);
    const struct record_work others[] = {
        work_of("mail-2", 2, 17), work_of("mail-1", 3, 17), work_of("mail-1", 2, 18),
        work_of("mail-1", 2, -1), work_of("mail-", 2, 17),
    };
    struct flight *flight = flight_new();

    (void)state;
    assert_false(flight_was_finished(flight, &finished));
    flight_note_finished(flight, &finished, false);
    assert_true(flight_was_finished(flight, &finished));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(flight_was_finished(flight, &others[i]));
    flight_free(&flight);
    assert_null(flight);
}

static void test_decided_attempt_is_recognised_with_any_fence(void **state)
{
    const struct record_work decided = work_of("mail-1", 2, 17), again = work_of("mail-1", 2, 18),
                             later = work_of("mail-1", 3, 19);
    struct flight *flight = flight_new();

    (void)state;
    flight_note_finished(flight, &decided, true);
    assert_true(flight_was_finished(flight, &again));
    assert_false(flight_was_finished(flight, &later));
    flight_note_finished(flight, &again, false); /* dropped as a repeat */
    assert_true(flight_was_finished(flight, &decided));
    flight_free(&flight);
}

static void test_many_finished_records_stay_exact(void **state)
{
    struct flight *flight = flight_new();
    struct arena *arena = arena_new(65536);
    size_t remembered = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct slice id = arena_printf(arena, "mail-%u", i);
        struct record_work work = {.parcel_id = id};
        assert_false(flight_was_finished(flight, &work));
        flight_note_finished(flight, &work, false);
        assert_true(flight_was_finished(flight, &work));
    }
    for (unsigned i = 0; i < 20000; i++) {
        struct record_work work = {.parcel_id = arena_printf(arena, "mail-%u", i)};
        remembered += flight_was_finished(flight, &work);
    }
    assert_in_range(remembered, 15000, 20000);
    arena_free(&arena);
    flight_free(&flight);
}

static void test_overlong_id_is_not_remembered(void **state)
{
    const struct record_work work = work_of("0123456789012345678901234567890123456789", 0, -1);
    struct flight *flight = flight_new();

    (void)state;
    flight_note_finished(flight, &work, false);
    assert_false(flight_was_finished(flight, &work));
    flight_free(&flight);
}

static void test_parcels_in_hand_are_found(void **state)
{
    struct map_node node = {0};
    struct flight *flight = flight_new();

    (void)state;
    assert_null(flight_find(flight, SLICE("a")));
    flight_enter(flight, &node, SLICE("a"));
    assert_ptr_equal(flight_find(flight, SLICE("a")), &node);
    flight_leave(flight, &node);
    assert_null(flight_find(flight, SLICE("a")));
    flight_free(&flight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finished_record_is_recognised_exactly),
        cmocka_unit_test(test_decided_attempt_is_recognised_with_any_fence),
        cmocka_unit_test(test_many_finished_records_stay_exact),
        cmocka_unit_test(test_overlong_id_is_not_remembered),
        cmocka_unit_test(test_parcels_in_hand_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
