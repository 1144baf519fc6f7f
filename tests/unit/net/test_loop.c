/* SPDX-License-Identifier: Apache-2.0
 * The loop: running, stopping, and the work at the end of a turn. */
#include "unit/net/cases.h"

#include "base/xalloc.h"

struct work {
    struct loop *loop;
    struct loop_later later;
    struct loop_later other;
    int runs;
    int wanted;
};

static void count(void *owner)
{
    struct work *work = owner;

    work->runs++;
}

static void count_and_again(void *owner)
{
    struct work *work = owner;

    if (++work->runs < work->wanted)
        loop_later(work->loop, &work->later, count_and_again, work);
    else
        loop_stop(work->loop);
}

static void cancel_other(void *owner)
{
    struct work *work = owner;

    loop_later_cancel(work->loop, &work->other);
}

static void free_owner(void *owner)
{
    xfree(owner);
}

static void test_later_runs_once_and_not_inside(void **state)
{
    struct work work = {.loop = loop_new()};

    (void)state;
    loop_later(work.loop, &work.later, count, &work);
    loop_later(work.loop, &work.later, count, &work);
    assert_int_equal(work.runs, 0);
    loop_turn(work.loop, 0);
    assert_int_equal(work.runs, 1);
    loop_turn(work.loop, 0);
    assert_int_equal(work.runs, 1);
    loop_free(&work.loop);
    assert_null(work.loop);
}

static void test_later_queued_by_itself_does_not_wait_for_events(void **state)
{
    struct work work = {.loop = loop_new(), .wanted = 1000};
    uint64_t begun_ms = clock_monotonic_ms();

    (void)state;
    loop_later(work.loop, &work.later, count_and_again, &work);
    loop_run(work.loop);
    assert_int_equal(work.runs, 1000);
    assert_true(clock_monotonic_ms() - begun_ms < PATIENCE_MS);
    loop_free(&work.loop);
}

static void test_later_can_be_cancelled_by_an_earlier_one(void **state)
{
    struct work work = {.loop = loop_new()};

    (void)state;
    loop_later(work.loop, &work.later, cancel_other, &work);
    loop_later(work.loop, &work.other, count, &work);
    loop_turn(work.loop, 0);
    loop_turn(work.loop, 0);
    assert_int_equal(work.runs, 0);
    loop_later_cancel(work.loop, &work.other); /* not queued: no-op */
    loop_free(&work.loop);
}

static void test_later_may_free_its_owner(void **state)
{
    struct work *work = xalloc(sizeof *work);
    struct loop *loop = loop_new();

    (void)state;
    loop_later(loop, &work->later, free_owner, work);
    loop_turn(loop, 0);
    loop_free(&loop);
}

static void test_stop_before_run_ends_the_run_at_once(void **state)
{
    struct loop *loop = loop_new();

    (void)state;
    loop_stop(loop);
    loop_run(loop);
    loop_free(&loop);
}

static void test_turn_waits_no_longer_than_asked(void **state)
{
    struct loop *loop = loop_new();
    uint64_t begun_ms = clock_monotonic_ms();

    (void)state;
    loop_turn(loop, 30);
    uint64_t waited_ms = clock_monotonic_ms() - begun_ms;
    assert_in_range(waited_ms, 25, PATIENCE_MS);
    assert_true(loop_now_ms(loop) > 0);
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_later_runs_once_and_not_inside),
        cmocka_unit_test(test_later_queued_by_itself_does_not_wait_for_events),
        cmocka_unit_test(test_later_can_be_cancelled_by_an_earlier_one),
        cmocka_unit_test(test_later_may_free_its_owner),
        cmocka_unit_test(test_stop_before_run_ends_the_run_at_once),
        cmocka_unit_test(test_turn_waits_no_longer_than_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
