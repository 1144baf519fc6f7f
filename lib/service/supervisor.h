/* SPDX-License-Identifier: Apache-2.0
 * The main thread of a running process. Not for other folders. */
#pragma once

#include "service/source.h"

/* Runs all roles until they ended after SIGTERM or SIGINT. -1 with a sentence: could not start. */
MUST_CHECK int supervisor_run(const struct source *source, const struct conf *conf,
                              struct err *err);
