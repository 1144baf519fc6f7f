/* SPDX-License-Identifier: Apache-2.0
 * net/clock.h with a wall clock that a test can set back: linked instead of the real one. Redis
 * keeps its own clock: what is due by ours when we are back in the present is due by its at once.
 */
#pragma once

#include "net/clock.h"

/* The wall clock shows the real time minus that. 0: the present. */
void clock_set_back(int64_t by_ms);
