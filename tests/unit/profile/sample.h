/* SPDX-License-Identifier: Apache-2.0
 * Settings given on the command line, read with all sections of lib/profile. */
#pragma once

#include "base/buf.h"
#include "profile/configuration.h"

/* NULL after faults, which are in *faults, one per line. sets: NULL-terminated. */
struct conf *sample_read(const char *const *sets, struct buf *faults);
/* One --set, and it is refused with this sentence behind its place. */
void sample_expect_fault(const char *set, const char *sentence);
/* One --set, which is fine; the caller frees them. */
struct configurations *sample_configurations(const char *set);
