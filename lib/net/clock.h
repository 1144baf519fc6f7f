/* SPDX-License-Identifier: Apache-2.0
 * The only reader of the clocks. Engines take `now` as a value. */
#pragma once

#include <stdint.h>

int64_t clock_wall_ms(void);       /* since the epoch; may jump */
int64_t clock_wall_us(void);       /* since the epoch; may jump */
uint64_t clock_monotonic_ms(void); /* never goes back */
uint64_t clock_monotonic_us(void); /* never goes back */
