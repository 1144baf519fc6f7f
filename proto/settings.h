/* SPDX-License-Identifier: Apache-2.0
 * Settings that every service must share for records to meet: section "work". */
#pragma once

#include "conf/conf.h"

struct work_settings {
    int64_t fanout;           /* partitions one destination is spread over, 1..64 */
    int64_t inline_max_bytes; /* larger bodies go to the body topic in chunks */
    int64_t chunk_bytes;      /* size of these chunks */
};

extern const struct conf_section WORK_SECTION;
