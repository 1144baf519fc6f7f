/* SPDX-License-Identifier: Apache-2.0
 * One record with every member set, for the tests of the codec and of events. */
#pragma once

#include "proto/record.h"

/* A parcel of two recipients, the first with a reply. Lives as long as the arena. */
struct record_work *sample_work(struct arena *arena);
/* The same with a body reference in place of the inline body. */
struct record_work *sample_work_with_ref(struct arena *arena);
bool sample_work_eq(const struct record_work *a, const struct record_work *b);
