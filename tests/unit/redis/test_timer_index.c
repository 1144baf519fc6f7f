/* SPDX-License-Identifier: Apache-2.0
 * The scripts of the timer index on a real Redis: apply and its guard, rebuild, pop, lease, ack,
 * reap. */
#include <stdlib.h>

#include "unit/redis/index_fixture.h"

#define PAST     ((int64_t)1000)
#define HOUR_MS  ((int64_t)3600 * 1000)
#define LEASE_MS ((int64_t)60 * 1000)

static int64_t later(int64_t ms)
{
    return clock_wall_ms() + ms;
}

static void assert_ok(struct index_answer answer, size_t count)
{
    assert_int_equal(answer.result, TIMER_INDEX_OK);
    assert_int_equal(answer.count, count);
}

/* A shard that was rebuilt from an empty log. */
static void begin(struct fixture *fixture)
{
    fixture_begin(fixture, NULL);
    assert_ok(index_apply(fixture, -1, NULL, 0, 0), 0);
}

static void apply_one(struct fixture *fixture, int64_t expected, struct timer_index_entry entry)
{
    assert_ok(index_apply(fixture, expected, &entry, 1, 0), 1);
}

static void test_applied_timer_pops_once_when_due(void **state)
{
    struct fixture fixture;
    int64_t due_ms = later(HOUR_MS);
    struct timer_index_entry entries[] = {index_timer(7, "a", PAST), index_timer(9, "b", due_ms)};

    (void)state;
    begin(&fixture);
    assert_ok(index_apply(&fixture, -1, entries, 2, 0), 2);
    assert_int_equal(index_offset(&fixture).offset, 9);
    struct index_answer popped = index_pop(&fixture, 10, LEASE_MS);
    assert_ok(popped, 1);
    assert_string_equal(popped.items[0].parcel_id, "a");
    assert_string_equal(popped.items[0].timer, "a");
    assert_int_equal(popped.items[0].fence, 7);
    assert_int_equal(popped.items[0].due_ms, PAST);
    assert_int_equal(popped.figures.next_due_ms, due_ms);
    assert_int_equal(popped.figures.waiting, 1);
    assert_int_equal(popped.figures.fired, 1);
    assert_int_equal(popped.figures.applied_offset, 9);
    assert_in_range(popped.figures.now_ms, later(-60000), later(60000));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 0);
    fixture_end(&fixture);
}

static void test_apply_ignores_old_offsets(void **state)
{
    struct fixture fixture;
    struct timer_index_entry entries[] = {index_tombstone(3, "a"), index_timer(5, "b", PAST),
                                          index_timer(6, "c", PAST)};

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(5, "a", PAST));
    assert_ok(index_apply(&fixture, 5, entries, 3, 0), 1);
    assert_int_equal(index_offset(&fixture).offset, 6);
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 2); /* a and c, not b */
    fixture_end(&fixture);
}

static void test_unexpected_offset_is_missing_and_changes_nothing(void **state)
{
    struct fixture fixture;
    struct timer_index_entry entry = index_timer(9, "b", PAST);

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(5, "a", PAST));
    assert_int_equal(index_apply(&fixture, 4, &entry, 1, 0).result, TIMER_INDEX_MISSING);
    assert_int_equal(index_apply(&fixture, 6, &entry, 1, 0).result, TIMER_INDEX_MISSING);
    assert_int_equal(index_offset(&fixture).offset, 5);
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    fixture_end(&fixture);
}

static void test_flushall_is_missing_everywhere(void **state)
{
    struct fixture fixture;
    struct timer_index_entry entry = index_timer(6, "b", PAST);

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(5, "a", PAST));
    assert_string_equal(fixture_ask(&fixture, "FLUSHALL"), "OK");
    assert_int_equal(index_apply(&fixture, 5, &entry, 1, 0).result, TIMER_INDEX_MISSING);
    assert_int_equal(index_pop(&fixture, 10, LEASE_MS).result, TIMER_INDEX_MISSING);
    assert_int_equal(index_ack(&fixture, "a", 5).result, TIMER_INDEX_MISSING);
    assert_int_equal(index_reap(&fixture).result, TIMER_INDEX_MISSING);
    assert_int_equal(index_offset(&fixture).result, TIMER_INDEX_MISSING);
    assert_string_equal(fixture_ask(&fixture, "DBSIZE"), "0");
    fixture_end(&fixture);
}

static void test_offset_comes_with_the_grace(void **state)
{
    struct fixture fixture;
    struct timer_index_entry first = index_timer(5, "a", PAST), more = index_timer(6, "b", PAST);

    (void)state;
    begin(&fixture);
    assert_ok(index_apply(&fixture, -1, NULL, 0, 0), 0); /* there is nothing */
    struct index_answer offset = index_offset(&fixture);
    assert_int_equal(offset.result, TIMER_INDEX_OK);
    assert_int_equal(offset.offset, -1);
    assert_int_equal(offset.grace_below, INDEX_GRACE_BELOW);

    assert_ok(index_apply(&fixture, -1, &first, 1, 0), 1);
    (void)fixture_ask(&fixture, "SET t:{5}:grace 9007199254740992"); /* the end was unknown */
    offset = index_offset(&fixture);
    assert_int_equal(offset.offset, 5);
    assert_true(offset.grace_below == INT64_MAX);
    assert_ok(index_apply(&fixture, 5, &more, 1, HOUR_MS), 1);
    assert_int_equal(index_offset(&fixture).grace_below, INDEX_GRACE_BELOW);
    fixture_end(&fixture);
}

static void test_offset_without_a_grace_is_of_an_earlier_version(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    assert_string_equal(fixture_ask(&fixture, "DEL t:{5}:grace"), "1");
    (void)fixture_ask(&fixture, "SET t:{5}:offset 5");
    struct index_answer offset = index_offset(&fixture);
    assert_int_equal(offset.result, TIMER_INDEX_OK);
    assert_int_equal(offset.offset, 5);
    assert_int_equal(offset.grace_below, 0);
    (void)fixture_ask(&fixture, "SET t:{5}:offset -1"); /* it may have emptied the shard */
    assert_int_equal(index_offset(&fixture).result, TIMER_INDEX_MISSING);
    fixture_end(&fixture);
}

static void test_rebuild_drops_the_shard_and_gives_due_timers_the_grace(void **state)
{
    struct fixture fixture;
    int64_t far_ms = later(HOUR_MS);
    struct timer_index_entry entries[] = {index_timer(2, "b", PAST), index_timer(4, "c", far_ms),
                                          index_timer(5, "d", later(2000))};

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(5, "a", PAST));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    assert_ok(index_apply(&fixture, -1, entries, 3, 600000), 3);
    assert_int_equal(index_offset(&fixture).offset, 5);
    struct index_answer popped = index_pop(&fixture, 10, LEASE_MS);
    assert_ok(popped, 0);
    assert_int_equal(popped.figures.waiting, 3);
    assert_int_equal(popped.figures.fired, 0);
    assert_in_range(popped.figures.next_due_ms, popped.figures.now_ms + 500000,
                    popped.figures.now_ms + 600000);
    /* What was not due cannot have fired: it keeps its time. */
    (void)fixture_ask(&fixture, "ZSCORE t:{5}:due c");
    assert_int_equal(strtoll(fixture.reply.text.at, NULL, 10), far_ms);
    assert_string_equal(fixture_ask(&fixture, "HEXISTS t:{5}:item a"), "0");
    fixture_end(&fixture);
}

static void test_tombstone_removes_waiting_and_fired(void **state)
{
    struct fixture fixture;
    struct timer_index_entry gone[] = {index_tombstone(3, "a"), index_tombstone(4, "b"),
                                       index_tombstone(5, "never-seen")};

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(1, "a", PAST));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    apply_one(&fixture, 1, index_timer(2, "b", PAST));
    assert_ok(index_apply(&fixture, 2, gone, 3, 0), 3);
    assert_string_equal(fixture_ask(&fixture, "EXISTS t:{5}:due t:{5}:fired t:{5}:item"), "0");
    fixture_end(&fixture);
}

static void test_newer_timer_replaces_waiting_and_fired(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(1, "a", PAST));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    apply_one(&fixture, 1, index_timer(2, "a", later(HOUR_MS)));
    struct index_answer popped = index_pop(&fixture, 10, LEASE_MS);
    assert_ok(popped, 0);
    assert_int_equal(popped.figures.waiting, 1);
    assert_int_equal(popped.figures.fired, 0);
    apply_one(&fixture, 2, index_timer(3, "a", PAST));
    popped = index_pop(&fixture, 10, LEASE_MS);
    assert_ok(popped, 1);
    assert_int_equal(popped.items[0].fence, 3);
    fixture_end(&fixture);
}

static void test_ack_ends_the_lease_and_keeps_only_the_fence(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(1, "a", PAST));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    assert_ok(index_ack(&fixture, "a", 1), 1);
    assert_string_equal(fixture_ask(&fixture, "HGET t:{5}:item a"), "1:");
    struct index_answer popped = index_pop(&fixture, 10, LEASE_MS);
    assert_int_equal(popped.figures.fired, 0);
    assert_int_equal(index_check(&fixture, "a", 1), TIMER_INDEX_CURRENT);
    fixture_end(&fixture);
}

static void test_ack_leaves_a_newer_timer_alone(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(12, "a", PAST));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    apply_one(&fixture, 12, index_timer(123, "a", PAST)); /* not fooled by the prefix either */
    assert_ok(index_ack(&fixture, "a", 12), 0);
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    fixture_end(&fixture);
}

static void test_expired_lease_returns_and_a_late_ack_still_counts(void **state)
{
    struct fixture fixture;
    struct timer_index_entry entries[] = {index_timer(1, "a", PAST), index_timer(2, "b", PAST)};

    (void)state;
    begin(&fixture);
    assert_ok(index_apply(&fixture, -1, entries, 2, 0), 2);
    assert_ok(index_pop(&fixture, 1, -1), 1); /* a lease that has ended */
    assert_ok(index_pop(&fixture, 1, LEASE_MS), 1);
    assert_ok(index_reap(&fixture), 1);
    assert_ok(index_reap(&fixture), 0);
    struct index_answer popped = index_pop(&fixture, 10, -1);
    assert_ok(popped, 1);
    assert_string_equal(popped.items[0].parcel_id, "a");
    assert_ok(index_reap(&fixture), 1);
    assert_ok(index_ack(&fixture, "a", 1), 1);
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 0);
    fixture_end(&fixture);
}

static void test_returned_timer_is_due_again_as_it_was(void **state)
{
    struct fixture fixture;
    struct timer_index_entry entries[] = {index_timer(1, "a", PAST), index_timer(2, "b", PAST)};

    (void)state;
    begin(&fixture);
    assert_ok(index_apply(&fixture, -1, entries, 2, 0), 2);
    assert_ok(index_pop(&fixture, 2, LEASE_MS), 2);
    assert_ok(index_return(&fixture, "a", 1, PAST), 1);
    struct index_answer popped = index_pop(&fixture, 10, LEASE_MS);
    assert_ok(popped, 1);
    assert_string_equal(popped.items[0].parcel_id, "a");
    assert_string_equal(popped.items[0].timer, "a");
    assert_int_equal(popped.items[0].due_ms, PAST);
    assert_int_equal(popped.figures.fired, 2);
    fixture_end(&fixture);
}

static void test_return_leaves_what_is_not_leased_alone(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    apply_one(&fixture, -1, index_timer(12, "a", PAST));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    assert_ok(index_ack(&fixture, "a", 12), 1);
    assert_ok(index_return(&fixture, "a", 12, PAST), 0); /* published */
    apply_one(&fixture, 12, index_timer(123, "a", PAST));
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 1);
    assert_ok(index_return(&fixture, "a", 12, PAST), 0); /* replaced */
    apply_one(&fixture, 123, index_tombstone(124, "a"));
    assert_ok(index_return(&fixture, "a", 123, PAST), 0); /* finished */
    assert_ok(index_pop(&fixture, 10, LEASE_MS), 0);
    assert_string_equal(fixture_ask(&fixture, "FLUSHALL"), "OK");
    assert_int_equal(index_return(&fixture, "a", 123, PAST).result, TIMER_INDEX_MISSING);
    fixture_end(&fixture);
}

static void test_damaged_item_is_missing(void **state)
{
    static const char *const damages[] = {"no-fence", "x:timer", "99999999999999999999:timer"};
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    for (int64_t i = 0; i < 3; i++) {
        struct buf command = {0};
        apply_one(&fixture, i - 1, index_timer(i, "a", PAST));
        buf_addf(&command, "HSET t:{5}:item a %s", damages[i]);
        (void)fixture_ask(&fixture, buf_str(&command));
        assert_int_equal(index_pop(&fixture, 10, LEASE_MS).result, TIMER_INDEX_MISSING);
        buf_free(&command);
    }
    fixture_end(&fixture);
}

static void test_down_is_down(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    private_redis_kill(&fixture.server);
    WAIT_FOR(fixture.loop, fixture.downs == 1);
    assert_int_equal(index_apply(&fixture, -1, NULL, 0, 0).result, TIMER_INDEX_DOWN);
    assert_int_equal(index_pop(&fixture, 10, LEASE_MS).result, TIMER_INDEX_DOWN);
    assert_int_equal(index_offset(&fixture).result, TIMER_INDEX_DOWN);
    assert_int_equal(index_check(&fixture, "a", 1), TIMER_INDEX_UNKNOWN);
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_applied_timer_pops_once_when_due),
        cmocka_unit_test(test_apply_ignores_old_offsets),
        cmocka_unit_test(test_unexpected_offset_is_missing_and_changes_nothing),
        cmocka_unit_test(test_flushall_is_missing_everywhere),
        cmocka_unit_test(test_offset_comes_with_the_grace),
        cmocka_unit_test(test_offset_without_a_grace_is_of_an_earlier_version),
        cmocka_unit_test(test_rebuild_drops_the_shard_and_gives_due_timers_the_grace),
        cmocka_unit_test(test_tombstone_removes_waiting_and_fired),
        cmocka_unit_test(test_newer_timer_replaces_waiting_and_fired),
        cmocka_unit_test(test_ack_ends_the_lease_and_keeps_only_the_fence),
        cmocka_unit_test(test_ack_leaves_a_newer_timer_alone),
        cmocka_unit_test(test_expired_lease_returns_and_a_late_ack_still_counts),
        cmocka_unit_test(test_returned_timer_is_due_again_as_it_was),
        cmocka_unit_test(test_return_leaves_what_is_not_leased_alone),
        cmocka_unit_test(test_damaged_item_is_missing),
        cmocka_unit_test(test_down_is_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
