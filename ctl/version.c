/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl version. */
#include <stdio.h>

#include "ctl/verb.h"

static enum ctl_exit run(const struct arguments *arguments)
{
    (void)arguments;
    (void)puts("hikyakuctl " HIKYAKU_VERSION);
    return CTL_OK;
}

const struct verb VERSION_VERB = {
    .name = "version",
    .summary = "print the version",
    .help = "usage: hikyakuctl version\n",
    .run = run,
};
