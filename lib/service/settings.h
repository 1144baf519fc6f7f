/* SPDX-License-Identifier: Apache-2.0
 * Section "service": what every process has. */
#pragma once

#include "conf/conf.h"

struct service_settings {
    const char *name;        /* "" : the host name */
    const char *ops_address; /* "" : no ops port */
    int64_t drain_s;
    int64_t log_level; /* enum log_level */
    int64_t time_scale;
};

extern const struct conf_section SERVICE_SECTION;
