/* SPDX-License-Identifier: Apache-2.0
 * redis_operations -> the redis_operation metric. A result that never came has no series. */
#include "service/report_redis.h"

static void report(struct metrics *metrics, const struct redis_operation *operation,
                   enum redis_result result)
{
    const char *const *labels = METRIC_LABELS(operation->name, redis_result_name(result));

    if (durations_count(&operation->took[result]) > 0)
        metric_set_durations(metrics_cell(metrics, METRIC_REDIS_OPERATION, labels),
                             &operation->took[result]);
}

void service_report_redis(struct service_env *env, const struct redis *redis)
{
    const struct redis_operation *operations;
    size_t count = redis_operations(redis, &operations);

    for (size_t i = 0; i < count; i++)
        for (enum redis_result result = 0; result < REDIS_RESULTS; result++)
            report(env->metrics, &operations[i], result);
}
