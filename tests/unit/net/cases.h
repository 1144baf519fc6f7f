/* SPDX-License-Identifier: Apache-2.0
 * What every test of lib/net begins with: cmocka in its order, and waiting without sleeping. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/clock.h"
#include "net/loop.h"

#define PATIENCE_MS UINT64_C(10000)

/* Turns the loop until the condition holds; fails when it does not within PATIENCE_MS. */
#define WAIT_FOR(loop, condition)                                                                  \
    do {                                                                                           \
        uint64_t give_up_ms = clock_monotonic_ms() + PATIENCE_MS;                                  \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_ms() > give_up_ms)                                                 \
                fail_msg("waited in vain for %s", #condition);                                     \
            loop_turn(loop, 100);                                                                  \
        }                                                                                          \
    } while (0)
