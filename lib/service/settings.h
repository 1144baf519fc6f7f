/* SPDX-License-Identifier: Apache-2.0
 * Section "service": what every process has. */
#pragma once

#include "conf/conf.h"

struct service_settings {
    const char *name;        /* "" : the host name */
    const char *ops_address; /* "" : no ops port */
    int64_t drain_s;
    bool metrics;
    bool events;
    int64_t time_scale;
    int64_t watch_s; /* 0: only SIGHUP */
};

extern const struct conf_section SERVICE_SECTION;
