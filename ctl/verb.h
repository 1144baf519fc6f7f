/* SPDX-License-Identifier: Apache-2.0
 * A verb of hikyakuctl: one row in main.c, one file named after it. */
#pragma once

#include "ctl/arguments.h"

enum ctl_exit {
    CTL_OK = 0,
    CTL_FAILED = 1, /* it was tried, and did not work or is not as it should be */
    CTL_USAGE = 2,  /* wrong arguments or configuration: nothing was tried */
};

struct verb {
    const char *name;
    const char *summary; /* one line for the list of verbs */
    const char *help;    /* teaches: what it does, its options, examples */
    enum ctl_exit (*run)(const struct arguments *arguments);
};

extern const struct verb AUDIT_VERB, CHECK_VERB, DIFF_VERB, METRICS_VERB, PREVIEW_VERB, SEND_VERB,
    SLEEP_VERB, TOPICS_VERB, TRACE_VERB, USER_VERB, VERSION_VERB;
