/* SPDX-License-Identifier: Apache-2.0
 * fork and exec with a pidfd. posix_spawn cannot set the parent-death signal, so the few calls
 * between fork and exec are written out; each is async-signal-safe. */
#include "service/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

#define WAIT_FIRST_MS 100
#define WAIT_LAST_MS  10000
#define STABLE_MS     30000 /* who lived so long begins again with the first wait */
#define END_WAIT_MS   5000
#define FIRST_FD      3u

struct child {
    struct loop *loop;
    struct log *log;
    const struct child_plan *plan;
    pid_t pid; /* 0: not running */
    int pid_fd;
    struct loop_watch *watch;
    struct loop_timer *restart;
    uint64_t wait_ms, started_ms;
};

static _Noreturn void become(const char *const *argv, pid_t parent)
{
    char *const *vector;
    sigset_t none;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);      /* the parent died before the line above */
    (void)setpgid(0, 0); /* a Ctrl-C in the terminal is ours, not the child's */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)dup2(null_fd, STDIN_FILENO);
    (void)close_range(FIRST_FD, ~0u, CLOSE_RANGE_CLOEXEC);
    memcpy(&vector, &argv, sizeof vector); /* execv only reads the strings */
    (void)execv(argv[0], vector);
    _exit(127);
}

static void log_child(struct child *child, enum log_level level, const char *event,
                      const char *detail)
{
    struct log_line line;

    log_begin(&line, child->log, level, event);
    log_int(&line, LOG_PID, child->pid);
    log_str(&line, LOG_DETAIL, detail);
    log_end(&line);
}

static void start_again_later(struct child *child)
{
    if (loop_now_ms(child->loop) - child->started_ms >= STABLE_MS)
        child->wait_ms = WAIT_FIRST_MS;
    loop_timer_start(child->restart, child->wait_ms);
    child->wait_ms = child->wait_ms * 2 < WAIT_LAST_MS ? child->wait_ms * 2 : WAIT_LAST_MS;
}

static void forget(struct child *child)
{
    loop_watch_free(&child->watch);
    (void)close(child->pid_fd);
    child->pid = 0;
}

static void on_ended(void *owner)
{
    struct child *child = owner;
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return;
    log_child(child, LOG_ERROR, "child_ended",
              info.si_code == CLD_EXITED ? "it exited; it will be started again"
                                         : "a signal killed it; it will be started again");
    forget(child);
    if (child->plan->on_failed && info.si_code == CLD_EXITED && info.si_status != 0 &&
        loop_now_ms(child->loop) - child->started_ms < STABLE_MS)
        child->plan->on_failed(child->plan->owner);
    start_again_later(child);
}

static void start(void *owner)
{
    struct child *child = owner;
    pid_t parent = getpid();

    child->started_ms = loop_now_ms(child->loop);
    child->pid = fork();
    if (child->pid == 0)
        become(child->plan->argv, parent);
    if (child->pid < 0) {
        child->pid = 0;
        log_child(child, LOG_ERROR, "child_not_started", strerror(errno));
        start_again_later(child);
        return;
    }
    child->pid_fd = pidfd_open(child->pid, 0);
    child->watch = loop_watch_new(child->loop, child->pid_fd, on_ended, child);
    log_child(child, LOG_INFO, "child_started", child->plan->argv[0]);
}

struct child *child_new(struct loop *loop, struct log *log, const struct child_plan *plan)
{
    struct child *child = xalloc(sizeof *child);

    child->loop = loop;
    child->log = log;
    child->plan = plan;
    child->wait_ms = WAIT_FIRST_MS;
    child->restart = loop_timer_new(loop, start, child);
    start(child);
    return child;
}

static void end(struct child *child)
{
    struct pollfd ended = {.fd = child->pid_fd, .events = POLLIN};

    (void)kill(child->pid, SIGTERM);
    if (poll(&ended, 1, END_WAIT_MS) != 1)
        (void)kill(child->pid, SIGKILL);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    forget(child);
}

void child_free(struct child **child)
{
    if (!*child)
        return;
    if ((*child)->pid > 0)
        end(*child);
    loop_timer_free(&(*child)->restart);
    xfree(*child);
    *child = NULL;
}
