/* SPDX-License-Identifier: Apache-2.0
 * The table of section "redis" (struct redis_settings). */
#pragma once

#include "conf/conf.h"
#include "redis/redis.h"

extern const struct conf_section REDIS_SECTION;
