/* SPDX-License-Identifier: Apache-2.0
 * Fork, pipes, waiting with a limit. */
#include "unit/service/process.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/service/cases.h"

#define LIMIT_MS      10000
#define ARGUMENTS_MAX 16

static _Noreturn void run(int fd, const struct service *service, const char *const *arguments)
{
    char *argv[ARGUMENTS_MAX + 2] = {strdup(service->name)};
    int argc = 1;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    (void)close(fd);
    for (; arguments[argc - 1] && argc <= ARGUMENTS_MAX; argc++)
        argv[argc] = strdup(arguments[argc - 1]);
    int rc = service_main(argc, argv, service);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    exit(rc);
}

void process_start(struct process *process, const struct service *service,
                   const char *const *arguments)
{
    int fds[2];

    *process = (struct process){0};
    assert_int_equal(pipe(fds), 0);
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        (void)close(fds[0]);
        run(fds[1], service, arguments);
    }
    (void)close(fds[1]);
    process->fd = fds[0];
}

/* False at the end of the output. */
static bool read_more(struct process *process)
{
    struct pollfd readable = {.fd = process->fd, .events = POLLIN};
    char bytes[4096];

    if (poll(&readable, 1, LIMIT_MS) != 1) {
        (void)kill(process->pid, SIGKILL);
        fail_msg("nothing more within %d ms after: %s", LIMIT_MS, buf_str(&process->out));
    }
    ssize_t n = read(process->fd, bytes, sizeof bytes);
    if (n > 0)
        buf_add(&process->out, slice_of(bytes, (size_t)n));
    return n > 0;
}

const char *process_expect(struct process *process, const char *text)
{
    const char *at;

    while (!(at = strstr(buf_str(&process->out), text)))
        if (!read_more(process))
            fail_msg("\"%s\" is missing in: %s", text, buf_str(&process->out));
    return at + strlen(text);
}

void process_signal(const struct process *process, int number)
{
    assert_int_equal(kill(process->pid, number), 0);
}

int process_wait(struct process *process)
{
    int status;

    while (read_more(process))
        continue;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void process_free(struct process *process)
{
    (void)close(process->fd);
    buf_free(&process->out);
}
