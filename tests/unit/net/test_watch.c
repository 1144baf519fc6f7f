/* SPDX-License-Identifier: Apache-2.0
 * Watching a descriptor that is not ours. */
#include "unit/net/cases.h"

#include <unistd.h>

struct tap {
    struct loop_watch *watch;
    int fd;
    int ready;
    bool closes;
};

static void on_ready(void *owner)
{
    struct tap *tap = owner;
    char byte;

    tap->ready++;
    assert_int_equal(read(tap->fd, &byte, 1), 1);
    if (tap->closes)
        loop_watch_free(&tap->watch);
}

static void test_watch_reports_what_is_readable(void **state)
{
    struct loop *loop = loop_new();
    struct tap tap = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    tap.fd = ends[0];
    tap.watch = loop_watch_new(loop, ends[0], on_ready, &tap);
    loop_turn(loop, 0);
    assert_int_equal(tap.ready, 0);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    WAIT_FOR(loop, tap.ready == 2); /* as long as there is something to read */

    tap.closes = true;
    assert_int_equal(write(ends[1], "cd", 2), 2);
    WAIT_FOR(loop, tap.ready == 3);
    loop_turn(loop, 0);
    loop_turn(loop, 0);
    assert_int_equal(tap.ready, 3);
    assert_null(tap.watch);
    assert_int_equal(close(ends[0]), 0); /* it stayed ours */
    assert_int_equal(close(ends[1]), 0);
    loop_free(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch_reports_what_is_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
