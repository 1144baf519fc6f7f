/* SPDX-License-Identifier: Apache-2.0
 * Small tables that are searched from the front: what they count is rare. */
#include "bus/stats.h"

#include <string.h>

void stats_add_errors(struct bus_stats *stats, const char *code, uint64_t n)
{
    struct bus_errors *errors = stats->errors;
    size_t i = 0;

    while (i < BUS_CODES_MAX - 1 && errors[i].code && strcmp(errors[i].code, code) != 0)
        i++;
    if (!errors[i].code)
        errors[i].code = i < BUS_CODES_MAX - 1 ? code : "other";
    errors[i].count += n;
}

void stats_set_rtt(struct bus_stats *stats, struct slice broker, uint64_t rtt_us)
{
    struct slice name = slice_sub(broker, 0, BUS_BROKER_LENGTH - 1);
    struct bus_broker *brokers = stats->brokers;
    size_t i = 0;

    while (i < BUS_BROKERS_MAX && brokers[i].name[0] && !slice_eq(slice_str(brokers[i].name), name))
        i++;
    if (i == BUS_BROKERS_MAX || name.len == 0)
        return;
    memcpy(brokers[i].name, name.at, name.len);
    brokers[i].rtt_us = rtt_us;
}
