/* SPDX-License-Identifier: Apache-2.0
 * The private child: started again, ended, and never left behind. */
#include "unit/service/cases.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/clock.h"
#include "service/child.h"

#define TURNS_MAX 1000
#define LIMIT_MS  10000

static const char *const SLEEPER[] = {"/bin/sleep", "1000", NULL};

struct scene {
    int fds[2];
    struct loop *loop;
    struct log *log;
    struct buf lines;
    struct child_plan plan;
    struct child *child;
    unsigned failures;
};

static void on_failed(void *owner)
{
    struct scene *scene = owner;
    scene->failures++;
}

static void scene_start(struct scene *scene, const char *const *argv)
{
    assert_int_equal(pipe2(scene->fds, O_CLOEXEC | O_NONBLOCK), 0);
    scene->loop = loop_new();
    scene->log = log_new(scene->fds[1], LOG_INFO, "test", "", clock_wall_us);
    scene->failures = 0;
    scene->plan = (struct child_plan){.argv = argv, .on_failed = on_failed, .owner = scene};
    scene->child = child_new(scene->loop, scene->log, &scene->plan);
}

static void scene_end(struct scene *scene)
{
    child_free(&scene->child);
    assert_null(scene->child);
    loop_free(&scene->loop);
    log_free(&scene->log);
    (void)close(scene->fds[0]);
    (void)close(scene->fds[1]);
    buf_free(&scene->lines);
}

static unsigned occurrences(const char *text, const char *of)
{
    unsigned count = 0;

    for (; (text = strstr(text, of)); text++)
        count++;
    return count;
}

/* Turns the loop until the log has that many of these. */
static void expect(struct scene *scene, const char *event, unsigned count)
{
    char bytes[4096];

    for (int i = 0; i < TURNS_MAX; i++) {
        log_flush(scene->log);
        ssize_t n = read(scene->fds[0], bytes, sizeof bytes);
        buf_add(&scene->lines, slice_of(bytes, n > 0 ? (size_t)n : 0));
        if (occurrences(buf_str(&scene->lines), event) >= count)
            return;
        loop_turn(scene->loop, 20);
    }
    fail_msg("%s did not happen %u times: %s", event, count, buf_str(&scene->lines));
}

static pid_t last_pid(struct scene *scene)
{
    const char *text = buf_str(&scene->lines), *last = NULL;

    for (; (text = strstr(text, "\"pid\":")); text++)
        last = text;
    assert_non_null(last);
    return (pid_t)strtol(last + strlen("\"pid\":"), NULL, 10);
}

static void test_killed_child_is_started_again(void **state)
{
    struct scene scene = {0};

    (void)state;
    scene_start(&scene, SLEEPER);
    expect(&scene, "child_started", 1);
    pid_t first = last_pid(&scene);
    assert_int_equal(kill(first, SIGKILL), 0);
    expect(&scene, "child_started", 2);
    assert_non_null(strstr(buf_str(&scene.lines), "a signal killed it"));
    pid_t second = last_pid(&scene);
    assert_int_not_equal(first, second);
    assert_int_equal(scene.failures, 0);
    scene_end(&scene);
    assert_int_equal(kill(second, 0), -1);
}

static void test_missing_program_is_tried_again(void **state)
{
    static const char *const argv[] = {"/nowhere/program", NULL};
    struct scene scene = {0};

    (void)state;
    scene_start(&scene, argv);
    expect(&scene, "child_ended", 2);
    assert_int_equal(scene.failures, 2); /* it exited with an error each time */
    scene_end(&scene);
}

/* A process of its own owns the child, writes its pid, and waits to be killed. */
static _Noreturn void own_a_child(int fd)
{
    struct scene scene = {0};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    scene_start(&scene, SLEEPER);
    expect(&scene, "child_started", 1);
    pid_t pid = last_pid(&scene);
    assert_int_equal(write(fd, &pid, sizeof pid), sizeof pid);
    for (;;)
        (void)pause();
}

static void test_child_dies_with_a_killed_parent(void **state)
{
    int fds[2];
    pid_t child;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0)
        own_a_child(fds[1]);
    (void)close(fds[1]);
    assert_int_equal(read(fds[0], &child, sizeof child), sizeof child);
    struct pollfd ended = {.fd = pidfd_open(child, 0), .events = POLLIN};
    assert_true(ended.fd >= 0);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(poll(&ended, 1, LIMIT_MS), 1);
    (void)close(ended.fd);
    (void)close(fds[0]);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
}

CASES_RUN(CASE(test_killed_child_is_started_again), CASE(test_missing_program_is_tried_again),
          CASE(test_child_dies_with_a_killed_parent))
