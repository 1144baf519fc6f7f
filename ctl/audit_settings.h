/* SPDX-License-Identifier: Apache-2.0
 * Section "audit" of the configuration. */
#pragma once

#include "conf/conf.h"

struct audit_settings {
    int64_t lost_after_s; /* 0: from the longest retry period */
    int64_t memory_bytes;
};

extern const struct conf_section AUDIT_SECTION;
