/* SPDX-License-Identifier: Apache-2.0
 * A private child process: started at once, started again with a growing wait when it ends, killed
 * by the kernel when this process dies however it dies. Main thread only. Not for other folders. */
#pragma once

#include "base/log.h"
#include "net/loop.h"

struct child;

struct child_plan {          /* lives as long as the child */
    const char *const *argv; /* argv[0]: a path */
    /* It exited with an error soon after its start; before it is started again. May be NULL. */
    void (*on_failed)(void *owner);
    void *owner;
};

/* Never fails: a child that cannot be started is logged and tried again. */
struct child *child_new(struct loop *loop, struct log *log, const struct child_plan *plan);
/* SIGTERM, after 5 s SIGKILL; waits. NULL accepted, NULL set. */
void child_free(struct child **child);
