/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl sleep: waits, for a preStop hook or a pod to look around in, in an image whose shell
 * nobody relies on. As process 1 it has to ask for SIGTERM, or that would do nothing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/slice.h"
#include "ctl/verb.h"
#include "net/clock.h"

#define SECONDS_MAX 86400

static const char HELP[] = "usage: hikyakuctl sleep [SECONDS]\n"
                           "\n"
                           "Does nothing for so long, or until SIGTERM or SIGINT; without SECONDS "
                           "until then. The chart's\n"
                           "preStop hook before Kubernetes 1.30, and its diagnosticMode.\n"
                           "\n"
                           "exit: 0 slept, or told to end; 2 wrong arguments\n";

/* Returns at once when a signal has come, or the time is over. */
static void wait_until(uint64_t until_ms)
{
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    for (uint64_t now_ms = clock_monotonic_ms(); now_ms < until_ms; now_ms = clock_monotonic_ms()) {
        const struct timespec rest = {.tv_sec = (time_t)((until_ms - now_ms) / 1000),
                                      .tv_nsec = (long)((until_ms - now_ms) % 1000 * 1000000)};
        if (sigtimedwait(&signals, NULL, &rest) >= 0 || errno != EINTR)
            return;
    }
}

static enum ctl_exit run(const struct arguments *arguments)
{
    uint64_t seconds = INT32_MAX; /* 68 years */
    const char *text = arguments->words[1];

    if (text && (arguments->words[2] || !slice_to_u64(slice_str(text), SECONDS_MAX, &seconds))) {
        (void)fprintf(stderr, "sleep takes one number of seconds, 0 to %d\n", SECONDS_MAX);
        return CTL_USAGE;
    }
    wait_until(clock_monotonic_ms() + seconds * 1000);
    return CTL_OK;
}

const struct verb SLEEP_VERB = {
    .name = "sleep",
    .summary = "wait without a shell",
    .help = HELP,
    .run = run,
};
