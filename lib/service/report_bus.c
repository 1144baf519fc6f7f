/* SPDX-License-Identifier: Apache-2.0
 * bus_stats and bus_each_backlog -> bus_ metrics. */
#include "bus/figures.h"
#include "net/clock.h"
#include "service/metrics_cells.h"
#include "service/role.h"

#define US_PER_MS 1000
/* Of a topic: with more, one series tells their sum. All topics stay below METRIC_SERIES_MAX. */
#define LAG_PARTITIONS_MAX 200

/* ---- figures of the bus ---- */

static void report_topic(struct service_env *env, enum bus_topic topic,
                         const struct bus_stats *stats)
{
    const char *role = env->state->role->name, *name = bus_topic_row(topic)->name;
    struct metrics *metrics = env->metrics;

    metrics_set(metrics, METRIC_BUS_PRODUCED, METRIC_LABELS(role, name, "ok"),
                (int64_t)stats->published[topic]);
    metrics_set(metrics, METRIC_BUS_PRODUCED, METRIC_LABELS(role, name, "failed"),
                (int64_t)stats->publish_failed[topic]);
    metrics_set(metrics, METRIC_BUS_CONSUMED, METRIC_LABELS(role, name),
                (int64_t)stats->consumed[topic]);
    metric_set_durations(metrics_cell(metrics, METRIC_BUS_PRODUCE_DURATION, METRIC_LABELS(name)),
                         &stats->acks[topic]);
}

static void report_errors(struct service_env *env, const struct bus_stats *stats)
{
    for (size_t i = 0; i < BUS_CODES_MAX && stats->errors[i].code; i++)
        metrics_set(env->metrics, METRIC_BUS_ERRORS,
                    METRIC_LABELS(env->state->role->name, stats->errors[i].code),
                    (int64_t)stats->errors[i].count);
}

static void report_brokers(struct service_env *env, const struct bus_stats *stats)
{
    for (size_t i = 0; i < BUS_BROKERS_MAX && stats->brokers[i].name[0]; i++)
        metrics_set(env->metrics, METRIC_BUS_RTT,
                    METRIC_LABELS(env->state->role->name, stats->brokers[i].name),
                    (int64_t)stats->brokers[i].rtt_us);
}

/* Kafka takes the largest number there is for a topic that keeps its records for ever. */
static int64_t retention_us(int64_t retention_ms)
{
    return retention_ms > INT64_MAX / US_PER_MS ? 0 : retention_ms * US_PER_MS;
}

/* What is the same for all roles of a process: added up, it would be counted once per role. */
static void report_log(struct service_env *env, const struct bus_stats *stats)
{
    struct metrics *metrics = env->metrics;

    if (!env->state->is_first)
        return;
    metrics_set(metrics, METRIC_BUS_STORED, METRIC_NO_LABELS, (int64_t)stats->stored_bytes);
    metrics_set(metrics, METRIC_BUS_ROOM, METRIC_NO_LABELS, (int64_t)stats->room_bytes);
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        metrics_set(metrics, METRIC_BUS_RETENTION, METRIC_LABELS(bus_topic_row(topic)->name),
                    retention_us(stats->retention_ms[topic]));
}

static void report_stats(struct service_env *env, const struct bus_stats *stats)
{
    const char *const *role = METRIC_LABELS(env->state->role->name);
    struct metrics *metrics = env->metrics;

    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        report_topic(env, topic, stats);
    report_errors(env, stats);
    report_brokers(env, stats);
    report_log(env, stats);
    metrics_set(metrics, METRIC_BUS_QUEUE_RECORDS, role, (int64_t)stats->queue_records);
    metrics_set(metrics, METRIC_BUS_QUEUE_BYTES, role, (int64_t)stats->queue_bytes);
    metrics_set(metrics, METRIC_BUS_REBALANCES, role, (int64_t)stats->rebalances);
    metrics_set(metrics, METRIC_BUS_RESETS, role, (int64_t)stats->resets);
}

/* ---- what waits to be consumed ---- */

struct backlogs {
    struct service_env *env;
    const struct bus *bus;
    struct {
        bool is_consumed;
        int64_t records, oldest_at_ms;
    } topics[BUS_TOPICS];
};

static void set_lag(struct service_env *env, enum bus_topic topic, const char *partition,
                    int64_t records)
{
    metrics_set(env->metrics, METRIC_BUS_LAG, METRIC_LABELS(bus_topic_row(topic)->name, partition),
                records);
}

static void on_backlog(void *owner, const struct bus_backlog *backlog)
{
    struct backlogs *backlogs = owner;
    enum bus_topic topic = backlog->topic;
    int64_t oldest_at_ms = backlogs->topics[topic].oldest_at_ms;
    struct buf partition = {0};

    backlogs->topics[topic].is_consumed = true;
    backlogs->topics[topic].records += backlog->records;
    if (backlog->oldest_at_ms > 0 && (oldest_at_ms == 0 || backlog->oldest_at_ms < oldest_at_ms))
        backlogs->topics[topic].oldest_at_ms = backlog->oldest_at_ms;
    if (bus_partitions(backlogs->bus, topic) > LAG_PARTITIONS_MAX)
        return;
    buf_add_u64(&partition, (uint64_t)backlog->partition);
    set_lag(backlogs->env, topic, buf_str(&partition), backlog->records);
    buf_free(&partition);
}

static void report_backlog(const struct backlogs *backlogs, enum bus_topic topic)
{
    int64_t oldest_at_ms = backlogs->topics[topic].oldest_at_ms;
    int64_t age_ms = oldest_at_ms > 0 ? clock_wall_ms() - oldest_at_ms : 0;

    metrics_set(backlogs->env->metrics, METRIC_BUS_OLDEST,
                METRIC_LABELS(bus_topic_row(topic)->name), age_ms > 0 ? age_ms * US_PER_MS : 0);
    if (bus_partitions(backlogs->bus, topic) > LAG_PARTITIONS_MAX)
        set_lag(backlogs->env, topic, "all", backlogs->topics[topic].records);
}

void service_report_bus(struct service_env *env, struct bus *bus)
{
    struct backlogs backlogs = {.env = env, .bus = bus};
    struct bus_stats stats = {0};

    if (!env->metrics)
        return;
    bus_stats(bus, &stats);
    report_stats(env, &stats);
    bus_each_backlog(bus, on_backlog, &backlogs);
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        if (backlogs.topics[topic].is_consumed)
            report_backlog(&backlogs, topic);
}
