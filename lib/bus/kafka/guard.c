/* SPDX-License-Identifier: Apache-2.0
 * DescribeConfigs of the topics that hold mail (work, body, timer), and of what else is consumed.
 */
#include "guard.h"

#include <inttypes.h>

#include "base/slice.h"
#include "client.h"

#define ANSWER_MS 3000

static const enum bus_topic ASKED[] = {BUS_WORK, BUS_BODY, BUS_TIMER, BUS_FAILURE};
#define ASKED_COUNT (sizeof ASKED / sizeof ASKED[0])

void guard_ask(const struct bus_hub *hub, const struct client *client, rd_kafka_queue_t *queue)
{
    rd_kafka_ConfigResource_t *resources[ASKED_COUNT];
    rd_kafka_t *rk = client_rk(client);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    char why[128];

    (void)rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_MS, why, sizeof why);
    for (size_t i = 0; i < ASKED_COUNT; i++)
        resources[i] =
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, hub->topic_names[ASKED[i]]);
    rd_kafka_DescribeConfigs(rk, resources, ASKED_COUNT, options, queue);
    rd_kafka_ConfigResource_destroy_array(resources, ASKED_COUNT);
    rd_kafka_AdminOptions_destroy(options);
}

static bool is_enough(const char *value, int64_t needed)
{
    uint64_t number;

    /* Kafka writes -1 for "for ever". */
    return slice_eq(slice_str(value), SLICE("-1")) ||
           (slice_to_u64(slice_str(value), INT64_MAX, &number) && number >= (uint64_t)needed);
}

int guard_check_value(enum bus_topic topic, const char *topic_name, const char *const setting[2],
                      int64_t longest_period_s, struct err *err)
{
    struct slice name = slice_str(setting[0]);
    int64_t needed_ms = (longest_period_s + GUARD_SLACK_S) * 1000;
    bool is_timer = topic == BUS_TIMER, is_mail = topic == BUS_WORK || topic == BUS_BODY;

    if (is_timer && slice_eq(name, SLICE("cleanup.policy")) &&
        !slice_eq(slice_str(setting[1]), SLICE("compact")))
        return err_set(err, ERR_INVALID,
                       "topic %s has cleanup.policy=%s, needed is compact: it would forget mail",
                       topic_name, setting[1]);
    if (is_mail && slice_eq(name, SLICE("retention.ms")) && !is_enough(setting[1], needed_ms))
        return err_set(err, ERR_INVALID,
                       "topic %s has retention.ms=%s, needed are %" PRId64
                       " (longest retry period %" PRId64 " s + 24 h)",
                       topic_name, setting[1], needed_ms, longest_period_s);
    if (is_mail && slice_eq(name, SLICE("retention.bytes")) &&
        !slice_eq(slice_str(setting[1]), SLICE("-1")))
        return err_set(
            err, ERR_INVALID,
            "topic %s has retention.bytes=%s, needed is -1: it would forget mail by size",
            topic_name, setting[1]);
    return 0;
}

static void note_retention(struct bus *bus, enum bus_topic topic, const char *const setting[2])
{
    uint64_t ms;

    if (bus_topic_row(topic)->is_compacted ||
        !slice_eq(slice_str(setting[0]), SLICE("retention.ms")))
        return;
    bool is_number = slice_to_u64(slice_str(setting[1]), INT64_MAX, &ms);
    bus->stats.retention_ms[topic] = is_number ? (int64_t)ms : 0; /* -1: for ever */
}

static int check_topic(struct bus *bus, const rd_kafka_ConfigResource_t *resource, struct err *err)
{
    const char *name = rd_kafka_ConfigResource_name(resource);
    enum bus_topic topic;
    size_t count;

    if (rd_kafka_ConfigResource_error(resource))
        return err_set(err, ERR_RETRY, "the configuration of topic %s cannot be read: %s", name,
                       rd_kafka_ConfigResource_error_string(resource));
    if (!hub_topic_of(bus->hub, name, &topic))
        return 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++) {
        const char *const setting[2] = {rd_kafka_ConfigEntry_name(entries[i]),
                                        rd_kafka_ConfigEntry_value(entries[i])};
        if (!setting[1])
            continue;
        note_retention(bus, topic, setting);
        if (guard_check_value(topic, name, setting, bus->hub->settings.longest_period_s, err))
            return -1;
    }
    return 0;
}

int guard_check(struct bus *bus, rd_kafka_event_t *event, struct err *err)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t count = 0;

    if (rd_kafka_event_error(event))
        return err_set(err, ERR_RETRY, "the configuration of the topics cannot be read: %s",
                       rd_kafka_event_error_string(event));
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(result, &count);
    for (size_t i = 0; i < count; i++)
        if (check_topic(bus, resources[i], err))
            return -1;
    return 0;
}
