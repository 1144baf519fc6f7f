/* SPDX-License-Identifier: Apache-2.0
 * How the topics should be: durable, never forgetting too soon, and stamped by the brokers' clocks,
 * so that a wrong clock of ours cannot expire mail. */
#include <inttypes.h>

#include "guard.h"
#include "topics.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
/* Kafka's own default; our records are below 1,000,000 bytes with everything. */
#define RECORD_LIMIT "1048588"

static void add(struct topics_want *want, const char *name, const char *value, bool is_minimum)
{
    want->settings[want->count++] =
        (struct topics_setting){.name = name, .value = value, .is_minimum = is_minimum};
}

static int64_t retention_ms(const struct bus_settings *settings, const struct bus_topic_row *row)
{
    int64_t needed_ms = (settings->longest_period_s + GUARD_SLACK_S) * 1000;
    int64_t days_ms = (int64_t)row->retention_days * DAY_MS;

    return row->retention_days > 0 ? days_ms : needed_ms;
}

static void want_compacted(struct topics_want *want)
{
    add(want, "cleanup.policy", "compact", false);
    add(want, "segment.ms", "1800000", false);
    add(want, "min.cleanable.dirty.ratio", "0.2", false);
    add(want, "max.compaction.lag.ms", "3600000", false);
    add(want, "delete.retention.ms", "86400000", true);
}

/* Only closed segments expire: six hours bound how long expired mail stays on disk. */
static void want_expiring(const struct bus_settings *settings, const struct bus_topic_row *row,
                          struct arena *arena, struct topics_want *want)
{
    struct slice value = arena_printf(arena, "%" PRId64, retention_ms(settings, row));

    add(want, "cleanup.policy", "delete", false);
    add(want, "retention.ms", arena_str(arena, value), true);
    add(want, "retention.bytes", "-1", false);
    add(want, "segment.ms", "21600000", false);
}

void topics_want(const struct bus_settings *settings, enum bus_topic topic, struct arena *arena,
                 struct topics_want *ret_want)
{
    const struct bus_topic_row *row = bus_topic_row(topic);
    struct slice insync = arena_printf(arena, "%" PRId64, settings->min_insync);
    struct slice name = arena_printf(arena, "%s%s", settings->topic_prefix, row->name);

    *ret_want = (struct topics_want){
        .name = arena_str(arena, name),
        .partitions = (int32_t)settings->partitions[topic],
        .replication = (int32_t)settings->replication,
    };
    add(ret_want, "min.insync.replicas", arena_str(arena, insync), true);
    add(ret_want, "unclean.leader.election.enable", "false", false);
    add(ret_want, "message.timestamp.type", "LogAppendTime", false);
    add(ret_want, "max.message.bytes", RECORD_LIMIT, true);
    if (row->is_compacted)
        want_compacted(ret_want);
    else
        want_expiring(settings, row, arena, ret_want);
}
