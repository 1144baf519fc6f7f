/* SPDX-License-Identifier: Apache-2.0
 * How back ends fill in struct bus_stats: errors by code, round trips by broker. */
#pragma once

#include "base/slice.h"
#include "bus/figures.h"

/* code: static. n = 0 makes the code known before its first error, so that none is missed by
 * whoever looks at differences. */
void stats_add_errors(struct bus_stats *stats, const char *code, uint64_t n);
/* Brokers beyond BUS_BROKERS_MAX are left out. */
void stats_set_rtt(struct bus_stats *stats, struct slice broker, uint64_t rtt_us);
