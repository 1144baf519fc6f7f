/* SPDX-License-Identifier: Apache-2.0
 * Reports against tests/golden/bounces, byte for byte. */
#pragma once

#include "base/slice.h"

/* Fails with the name and the report that was built. */
void golden_assert(const char *name, struct slice report);
