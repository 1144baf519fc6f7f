/* SPDX-License-Identifier: Apache-2.0
 * Settings of the bouncer: section "bouncer". */
#pragma once

#include "conf/conf.h"

enum bounce_return { BOUNCE_RETURN_FULL, BOUNCE_RETURN_HEADERS };

struct bouncer_settings {
    const char *from;
    const char *reporting_mta;
    int64_t returns; /* enum bounce_return */
    int64_t return_limit_bytes;
    int64_t in_flight;
};

/* NULL-terminated: everything the bouncer reads. */
extern const struct conf_section *const BOUNCER_SECTIONS[];
extern const struct conf_section BOUNCER_SECTION;
