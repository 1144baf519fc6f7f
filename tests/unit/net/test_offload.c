/* SPDX-License-Identifier: Apache-2.0
 * Work on the thread pool: off the loop's thread, its end on it. */
#include "unit/net/cases.h"

#include <pthread.h>

struct job {
    pthread_t worked_on, done_on;
    int done;
};

static void work(void *owner)
{
    struct job *job = owner;

    job->worked_on = pthread_self();
}

static void done(void *owner)
{
    struct job *job = owner;

    job->done_on = pthread_self();
    job->done++;
}

static void test_offload_works_off_the_loop_and_ends_on_it(void **state)
{
    struct loop *loop = loop_new();
    struct job job = {0};

    (void)state;
    loop_offload(loop, work, done, &job);
    assert_int_equal(job.done, 0);
    WAIT_FOR(loop, job.done == 1);
    assert_false(pthread_equal(job.worked_on, pthread_self()));
    assert_true(pthread_equal(job.done_on, pthread_self()));
    loop_free(&loop);
}

static void test_loop_free_waits_for_the_work(void **state)
{
    struct loop *loop = loop_new();
    struct job job = {0};

    (void)state;
    loop_offload(loop, work, done, &job);
    loop_free(&loop);
    assert_int_equal(job.done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offload_works_off_the_loop_and_ends_on_it),
        cmocka_unit_test(test_loop_free_waits_for_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
