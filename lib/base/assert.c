/* SPDX-License-Identifier: Apache-2.0
 * The end of a process whose own invariant broke. A supervisor restarts it; the log redelivers. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void assert_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    abort();
}
