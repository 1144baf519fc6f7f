/* SPDX-License-Identifier: Apache-2.0
 * The command line of every service. Not for other folders. */
#pragma once

#include "base/err.h"
#include "service/service.h"

enum flags_action {
    FLAGS_RUN,
    FLAGS_CHECK_CONFIG,
    FLAGS_PRINT_CONFIG,
    FLAGS_PRINT_REFERENCE,
    FLAGS_DUMP_METRICS,
    FLAGS_METRICS_REFERENCE,
    FLAGS_VERSION,
    FLAGS_HELP,
};

struct flags {
    enum flags_action action;
    const char *file;       /* NULL only for actions that need none */
    const char **overrides; /* NULL-terminated, in order */
};

/* The error is one sentence; flags_free in any case. */
MUST_CHECK int flags_parse(int argc, char **argv, struct flags *flags, struct err *err);
void flags_free(struct flags *flags);
void flags_print_help(const struct service *service);
