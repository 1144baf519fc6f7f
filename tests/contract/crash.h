/* SPDX-License-Identifier: Apache-2.0
 * What the crash test and its child must agree on. */
#pragma once

#include <stddef.h>

#define CRASH_GROUP "crash"

/* 100 bytes to 5 KB: some inline in a page, some not. */
static inline size_t crash_sample_bytes(unsigned seq)
{
    return 100 + seq * 7919 % 5000;
}
