/* SPDX-License-Identifier: Apache-2.0
 * The figures of a role's Redis connection. */
#pragma once

#include "redis/redis.h"
#include "service/service.h"

/* From measure(): into the redis_operation metric. */
void service_report_redis(struct service_env *env, const struct redis *redis);
