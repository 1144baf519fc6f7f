/* SPDX-License-Identifier: Apache-2.0
 * "Did you mean ...?": the nearest known name, when one is near. Not for other folders. */
#pragma once

#include <stddef.h>

struct conf_suggestion {
    const char *name; /* NULL: none is near enough */
    size_t distance;
};

/* Keeps the candidate when it is nearer to `given` than the best so far. Begin with {0}. */
void conf_suggest(struct conf_suggestion *best, const char *given, const char *candidate);
