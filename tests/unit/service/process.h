/* SPDX-License-Identifier: Apache-2.0
 * service_main in a process of its own, with its output. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "service/service.h"

struct process {
    pid_t pid;
    int fd;         /* standard output and error */
    struct buf out; /* what was read so far */
};

/* Arguments after the program's name, NULL-terminated. */
void process_start(struct process *process, const struct service *service,
                   const char *const *arguments);
/* Reads until the output contains the text (10 s); returns the place behind it. */
const char *process_expect(struct process *process, const char *text);
void process_signal(const struct process *process, int number);
/* Reads to the end and returns the exit code, or -signal. */
int process_wait(struct process *process);
void process_free(struct process *process);
