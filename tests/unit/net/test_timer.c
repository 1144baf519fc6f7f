/* SPDX-License-Identifier: Apache-2.0
 * Timers, above all the lazy ones: moved later, moved earlier, stopped, started again. */
#include "unit/net/cases.h"

struct bell {
    struct loop *loop;
    struct loop_timer *timer;
    int rung;
    uint64_t rung_at_ms;
};

static void on_due(void *owner)
{
    struct bell *bell = owner;

    bell->rung++;
    bell->rung_at_ms = clock_monotonic_ms();
}

static void on_due_free(void *owner)
{
    struct bell *bell = owner;

    bell->rung++;
    loop_timer_free(&bell->timer);
}

static int open_bell(void **state)
{
    static const struct bell EMPTY;
    struct bell *bell = test_malloc(sizeof *bell);

    *bell = EMPTY;
    bell->loop = loop_new();
    bell->timer = loop_timer_new(bell->loop, on_due, bell);
    *state = bell;
    return 0;
}

static int close_bell(void **state)
{
    struct bell *bell = *state;

    loop_timer_free(&bell->timer);
    loop_free(&bell->loop);
    test_free(bell);
    return 0;
}

static void test_timer_rings_once_when_due(void **state)
{
    struct bell *bell = *state;
    uint64_t begun_ms = clock_monotonic_ms();

    assert_false(loop_timer_is_running(bell->timer));
    loop_timer_start(bell->timer, 20);
    assert_true(loop_timer_is_running(bell->timer));
    WAIT_FOR(bell->loop, bell->rung > 0);
    assert_true(bell->rung_at_ms - begun_ms >= 18);
    assert_false(loop_timer_is_running(bell->timer));
    loop_turn(bell->loop, 30);
    assert_int_equal(bell->rung, 1);
}

static void test_timer_moved_later_keeps_quiet_until_then(void **state)
{
    struct bell *bell = *state;
    uint64_t begun_ms = clock_monotonic_ms();

    loop_timer_start(bell->timer, 10);
    loop_timer_start(bell->timer, 60);
    WAIT_FOR(bell->loop, bell->rung > 0);
    assert_true(bell->rung_at_ms - begun_ms >= 55);
    assert_int_equal(bell->rung, 1);
}

static void test_timer_moved_earlier_rings_earlier(void **state)
{
    struct bell *bell = *state;

    loop_timer_start(bell->timer, 10 * PATIENCE_MS);
    loop_timer_start(bell->timer, 5);
    WAIT_FOR(bell->loop, bell->rung > 0);
    assert_int_equal(bell->rung, 1);
}

static void test_timer_stopped_does_not_ring(void **state)
{
    struct bell *bell = *state;

    loop_timer_start(bell->timer, 5);
    loop_timer_stop(bell->timer);
    loop_turn(bell->loop, 30);
    loop_turn(bell->loop, 30);
    assert_int_equal(bell->rung, 0);
}

static void test_timer_stopped_and_started_rings_at_the_new_time(void **state)
{
    struct bell *bell = *state;
    uint64_t begun_ms = clock_monotonic_ms();

    loop_timer_start(bell->timer, 5);
    loop_timer_stop(bell->timer);
    loop_timer_start(bell->timer, 40);
    WAIT_FOR(bell->loop, bell->rung > 0);
    assert_true(bell->rung_at_ms - begun_ms >= 35);
    loop_timer_start(bell->timer, 1);
    WAIT_FOR(bell->loop, bell->rung > 1);
}

static void test_timer_of_zero_rings_but_not_inside(void **state)
{
    struct bell *bell = *state;

    loop_timer_start(bell->timer, 0);
    assert_int_equal(bell->rung, 0);
    WAIT_FOR(bell->loop, bell->rung > 0);
}

static void test_timer_may_free_itself(void **state)
{
    struct bell *bell = *state;

    loop_timer_free(&bell->timer);
    bell->timer = loop_timer_new(bell->loop, on_due_free, bell);
    loop_timer_start(bell->timer, 1);
    WAIT_FOR(bell->loop, bell->rung > 0);
    assert_null(bell->timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timer_rings_once_when_due, open_bell, close_bell),
        cmocka_unit_test_setup_teardown(test_timer_moved_later_keeps_quiet_until_then, open_bell,
                                        close_bell),
        cmocka_unit_test_setup_teardown(test_timer_moved_earlier_rings_earlier, open_bell,
                                        close_bell),
        cmocka_unit_test_setup_teardown(test_timer_stopped_does_not_ring, open_bell, close_bell),
        cmocka_unit_test_setup_teardown(test_timer_stopped_and_started_rings_at_the_new_time,
                                        open_bell, close_bell),
        cmocka_unit_test_setup_teardown(test_timer_of_zero_rings_but_not_inside, open_bell,
                                        close_bell),
        cmocka_unit_test_setup_teardown(test_timer_may_free_itself, open_bell, close_bell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
