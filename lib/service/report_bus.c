/* SPDX-License-Identifier: Apache-2.0
 * bus_stats -> bus_ metrics. */
#include "service/role.h"

static void report_topics(struct service_env *env, const struct bus_stats *stats)
{
    const char *role = env->state->role->name;

    for (size_t i = 0; i < BUS_TOPICS; i++) {
        const char *topic = bus_topic_row((enum bus_topic)i)->name;
        metrics_set(env->metrics, METRIC_BUS_PRODUCED, METRIC_LABELS(role, topic, "ok"),
                    (int64_t)stats->published[i]);
        metrics_set(env->metrics, METRIC_BUS_PRODUCED, METRIC_LABELS(role, topic, "failed"),
                    (int64_t)stats->publish_failed[i]);
        metrics_set(env->metrics, METRIC_BUS_CONSUMED, METRIC_LABELS(role, topic),
                    (int64_t)stats->consumed[i]);
    }
}

void service_report_bus(struct service_env *env, struct bus *bus)
{
    const char *const *role = METRIC_LABELS(env->state->role->name);
    struct metrics *metrics = env->metrics;
    struct bus_stats stats = {0};

    bus_stats(bus, &stats);
    report_topics(env, &stats);
    metrics_set(metrics, METRIC_BUS_QUEUE_RECORDS, role, (int64_t)stats.queue_records);
    metrics_set(metrics, METRIC_BUS_QUEUE_BYTES, role, (int64_t)stats.queue_bytes);
    metrics_set(metrics, METRIC_BUS_REBALANCES, role, (int64_t)stats.rebalances);
    metrics_set(metrics, METRIC_BUS_ERRORS, role, (int64_t)stats.errors);
    metrics_set(metrics, METRIC_BUS_RESETS, role, (int64_t)stats.resets);
    /* One environment for all roles: added up it would be counted once per role. */
    if (env->state->is_first) {
        metrics_set(metrics, METRIC_BUS_STORED, METRIC_NO_LABELS, (int64_t)stats.stored_bytes);
        metrics_set(metrics, METRIC_BUS_ROOM, METRIC_NO_LABELS, (int64_t)stats.room_bytes);
    }
}
