/* SPDX-License-Identifier: Apache-2.0
 * Doorbells rung by another thread. */
#include "unit/net/cases.h"

#include <pthread.h>

struct door {
    struct loop *loop;
    struct loop_post *post;
    pthread_t loop_thread;
    int opened;
};

static void on_rung(void *owner)
{
    struct door *door = owner;

    assert_true(pthread_equal(pthread_self(), door->loop_thread));
    door->opened++;
    loop_stop(door->loop);
}

static void *ring_often(void *owner)
{
    struct door *door = owner;

    for (int i = 0; i < 100; i++)
        loop_post_ring(door->post);
    return NULL;
}

static void test_ring_wakes_the_loop_on_its_thread(void **state)
{
    struct door door = {.loop = loop_new(), .loop_thread = pthread_self()};
    pthread_t ringer;

    (void)state;
    door.post = loop_post_new(door.loop, on_rung, &door);
    assert_int_equal(pthread_create(&ringer, NULL, ring_often, &door), 0);
    loop_run(door.loop);
    assert_int_equal(pthread_join(ringer, NULL), 0);
    assert_in_range(door.opened, 1, 100);
    loop_turn(door.loop, 0); /* a ring after the stop is not lost, and rings once */
    assert_in_range(door.opened, 1, 100);
    loop_post_free(&door.post);
    loop_free(&door.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_wakes_the_loop_on_its_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
