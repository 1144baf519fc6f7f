/* SPDX-License-Identifier: Apache-2.0
 * Kafka's admin calls, made one at a time on a queue of their own. */
#include "topics.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "client.h"
#include "guard.h"

#define ANSWER_MS 30000
#define LOOK_MS   100 /* between looks at a topic that is coming into being */

struct topics {
    const struct bus_settings *settings;
    struct client *client;
    rd_kafka_queue_t *queue;
    struct arena *arena; /* of the last comparison */
    struct topics_difference differences[TOPICS_DIFFERENCES_MAX];
    size_t count;
};

int topics_new(const struct bus_settings *settings, struct topics **ret_topics, struct err *err)
{
    const struct client_option options[] = {{NULL, NULL}};
    const struct client_plan plan = {
        .type = RD_KAFKA_PRODUCER, .id = "hikyakuctl", .options = options};
    struct client *client = NULL;

    if (client_new(settings, &plan, &client, err))
        return -1;
    struct topics *topics = xalloc(sizeof *topics);
    topics->settings = settings;
    topics->client = client;
    topics->queue = rd_kafka_queue_new(client_rk(client));
    topics->arena = arena_new(4096);
    *ret_topics = topics;
    return 0;
}

void topics_free(struct topics **topics)
{
    struct topics *t = *topics;

    if (!t)
        return;
    arena_free(&t->arena);
    rd_kafka_queue_destroy(t->queue);
    client_put(&t->client);
    xfree(t);
    *topics = NULL;
}

static int ask_metadata(struct topics *topics, int timeout_ms,
                        const struct rd_kafka_metadata **ret_metadata, struct err *err)
{
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(client_rk(topics->client), 1, NULL, ret_metadata, timeout_ms);

    if (error)
        return err_set(err, ERR_RETRY, "no Kafka broker of %s answers: %s",
                       topics->settings->brokers, rd_kafka_err2str(error));
    return 0;
}

int topics_reach(struct topics *topics, int timeout_ms, struct err *err)
{
    const struct rd_kafka_metadata *metadata;

    if (ask_metadata(topics, timeout_ms, &metadata, err))
        return -1;
    rd_kafka_metadata_destroy(metadata);
    return 0;
}

/* ---- comparison ---- */

static void note(struct topics *topics, const struct topics_difference *difference)
{
    ASSERT(topics->count < sizeof topics->differences / sizeof topics->differences[0]);
    topics->differences[topics->count++] = *difference;
}

static const char *number(struct topics *topics, int64_t value)
{
    return arena_str(topics->arena, arena_printf(topics->arena, "%" PRId64, value));
}

/* Of the partition that has fewest: what a node that is away, or behind, leaves of a topic. */
static int fewest_in_sync(const struct rd_kafka_metadata_topic *have)
{
    int fewest = have->partitions[0].isr_cnt;

    for (int i = 1; i < have->partition_cnt; i++)
        if (have->partitions[i].isr_cnt < fewest)
            fewest = have->partitions[i].isr_cnt;
    return fewest;
}

static void compare_partitions(struct topics *topics, enum bus_topic topic,
                               const struct topics_want *want,
                               const struct rd_kafka_metadata_topic *have)
{
    bool is_fixed = bus_topic_row(topic)->is_compacted;
    int replication = have->partitions[0].replica_cnt, in_sync = fewest_in_sync(have);

    if (have->partition_cnt != want->partitions &&
        (is_fixed || have->partition_cnt < want->partitions))
        note(topics, &(struct topics_difference){.topic = topic,
                                                 .name = want->name,
                                                 .grade = is_fixed ? TOPICS_NOTE : TOPICS_SMALL,
                                                 .what = "partitions",
                                                 .is = number(topics, have->partition_cnt),
                                                 .should_be = number(topics, want->partitions)});
    if (replication < want->replication)
        note(topics, &(struct topics_difference){.topic = topic,
                                                 .name = want->name,
                                                 .grade = TOPICS_DIFFERS,
                                                 .what = "replication",
                                                 .is = number(topics, replication),
                                                 .should_be = number(topics, want->replication)});
    if (in_sync < replication)
        note(topics, &(struct topics_difference){.topic = topic,
                                                 .name = want->name,
                                                 .grade = TOPICS_DIFFERS,
                                                 .what = "replicas in sync",
                                                 .is = number(topics, in_sync),
                                                 .should_be = number(topics, replication)});
}

static const struct rd_kafka_metadata_topic *find_topic(const struct rd_kafka_metadata *metadata,
                                                        const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, name) == 0)
            return metadata->topics[i].partition_cnt > 0 ? &metadata->topics[i] : NULL;
    return NULL;
}

static bool is_as_wanted(const struct topics_setting *want, const char *have)
{
    uint64_t least, is;

    if (strcmp(want->value, have) == 0)
        return true;
    return want->is_minimum && (strcmp(have, "-1") == 0 ||
                                (slice_to_u64(slice_str(want->value), INT64_MAX, &least) &&
                                 slice_to_u64(slice_str(have), INT64_MAX, &is) && is >= least));
}

static bool is_mail(enum bus_topic topic)
{
    return topic == BUS_WORK || topic == BUS_BODY || topic == BUS_TIMER;
}

static void compare_setting(struct topics *topics, enum bus_topic topic,
                            const struct topics_want *want, const rd_kafka_ConfigEntry_t *entry)
{
    const char *const have[2] = {rd_kafka_ConfigEntry_name(entry),
                                 rd_kafka_ConfigEntry_value(entry)};
    struct err err;

    for (size_t i = 0; i < want->count; i++) {
        const struct topics_setting *setting = &want->settings[i];
        if (!have[1] || strcmp(setting->name, have[0]) != 0 || is_as_wanted(setting, have[1]))
            continue;
        bool is_refused =
            is_mail(topic) && guard_check_value(topic, want->name, have,
                                                topics->settings->longest_period_s, &err) != 0;
        note(topics,
             &(struct topics_difference){.topic = topic,
                                         .name = want->name,
                                         .grade = is_refused ? TOPICS_REFUSED : TOPICS_DIFFERS,
                                         .what = setting->name,
                                         .is = arena_str(topics->arena, slice_str(have[1])),
                                         .should_be = setting->value});
    }
}

/* The answer to the admin call just made; the caller destroys it. */
static rd_kafka_event_t *await(struct topics *topics, struct err *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(topics->queue, ANSWER_MS + 1000);

    if (!event) {
        (void)err_set(err, ERR_RETRY, "the brokers do not answer");
        return NULL;
    }
    if (rd_kafka_event_error(event)) {
        (void)err_set(err, ERR_RETRY, "%s", rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
        return NULL;
    }
    return event;
}

static int compare_settings(struct topics *topics, enum bus_topic topic,
                            const struct topics_want *want, struct err *err)
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, want->name);
    size_t resources = 0, entries = 0;

    rd_kafka_DescribeConfigs(client_rk(topics->client), &resource, 1, NULL, topics->queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_event_t *event = await(topics, err);
    if (!event)
        return err_wrap(err, "the settings of topic %s cannot be read", want->name);
    const rd_kafka_ConfigResource_t **answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &resources);
    int result = 0;
    if (resources == 1 && !rd_kafka_ConfigResource_error(answers[0])) {
        const rd_kafka_ConfigEntry_t **list = rd_kafka_ConfigResource_configs(answers[0], &entries);
        for (size_t i = 0; i < entries; i++)
            compare_setting(topics, topic, want, list[i]);
    } else {
        result = err_set(err, ERR_RETRY, "the settings of topic %s cannot be read: %s", want->name,
                         resources == 1 ? rd_kafka_ConfigResource_error_string(answers[0]) : "");
    }
    rd_kafka_event_destroy(event);
    return result;
}

static int compare_topic(struct topics *topics, enum bus_topic topic,
                         const struct rd_kafka_metadata *metadata, struct err *err)
{
    struct topics_want want;

    topics_want(topics->settings, topic, topics->arena, &want);
    const struct rd_kafka_metadata_topic *have = find_topic(metadata, want.name);
    if (have) {
        compare_partitions(topics, topic, &want, have);
        return compare_settings(topics, topic, &want, err);
    }
    struct slice plan = arena_printf(topics->arena, "%" PRId32 " partitions, %" PRId32 " replicas",
                                     want.partitions, want.replication);
    note(topics, &(struct topics_difference){.topic = topic,
                                             .name = want.name,
                                             .grade = TOPICS_MISSING,
                                             .what = "topic",
                                             .is = "missing",
                                             .should_be = arena_str(topics->arena, plan)});
    return 0;
}

int topics_compare(struct topics *topics, const struct topics_difference **ret_differences,
                   size_t *ret_count, struct err *err)
{
    const struct rd_kafka_metadata *metadata;
    int result = 0;

    arena_reset(topics->arena);
    topics->count = 0;
    if (ask_metadata(topics, ANSWER_MS, &metadata, err))
        return -1;
    for (enum bus_topic topic = 0; topic < BUS_TOPICS && result == 0; topic++)
        result = compare_topic(topics, topic, metadata, err);
    rd_kafka_metadata_destroy(metadata);
    if (result)
        return -1;
    *ret_differences = topics->differences;
    *ret_count = topics->count;
    return 0;
}

/* ---- changes ---- */

/* Of one topic in the answer to CreateTopics or CreatePartitions. */
static int result_of(const rd_kafka_topic_result_t **results, size_t count, const char *name,
                     struct err *err)
{
    rd_kafka_resp_err_t error =
        count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;

    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return 0;
    const char *why = count == 1 ? rd_kafka_topic_result_error_string(results[0]) : NULL;
    return err_set(err, ERR_INVALID, "topic %s: %s", name, why ? why : rd_kafka_err2str(error));
}

static rd_kafka_NewTopic_t *new_topic(const struct topics_want *want, struct err *err)
{
    char why[256];
    rd_kafka_NewTopic_t *plan =
        rd_kafka_NewTopic_new(want->name, want->partitions, want->replication, why, sizeof why);

    if (!plan) {
        (void)err_set(err, ERR_INVALID, "topic %s: %s", want->name, why);
        return NULL;
    }
    for (size_t i = 0; i < want->count; i++)
        if (rd_kafka_NewTopic_set_config(plan, want->settings[i].name, want->settings[i].value))
            ASSERT(false); /* only empty names are refused here */
    return plan;
}

int topics_create(struct topics *topics, enum bus_topic topic, struct err *err)
{
    struct topics_want want;
    size_t count = 0;

    topics_want(topics->settings, topic, topics->arena, &want);
    rd_kafka_NewTopic_t *plan = new_topic(&want, err);
    if (!plan)
        return -1;
    rd_kafka_CreateTopics(client_rk(topics->client), &plan, 1, NULL, topics->queue);
    rd_kafka_NewTopic_destroy(plan);
    rd_kafka_event_t *event = await(topics, err);
    if (!event)
        return err_wrap(err, "topic %s", want.name);
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    int result = result_of(results, count, want.name, err);
    rd_kafka_event_destroy(event);
    return result;
}

int topics_grow(struct topics *topics, enum bus_topic topic, struct err *err)
{
    struct topics_want want;
    char why[256];
    size_t count = 0;

    topics_want(topics->settings, topic, topics->arena, &want);
    if (bus_topic_row(topic)->is_compacted)
        return err_set(err, ERR_INVALID,
                       "topic %s cannot grow: its keys would move to other partitions", want.name);
    rd_kafka_NewPartitions_t *plan =
        rd_kafka_NewPartitions_new(want.name, (size_t)want.partitions, why, sizeof why);
    if (!plan)
        return err_set(err, ERR_INVALID, "topic %s: %s", want.name, why);
    rd_kafka_CreatePartitions(client_rk(topics->client), &plan, 1, NULL, topics->queue);
    rd_kafka_NewPartitions_destroy(plan);
    rd_kafka_event_t *event = await(topics, err);
    if (!event)
        return err_wrap(err, "topic %s", want.name);
    const rd_kafka_topic_result_t **results = rd_kafka_CreatePartitions_result_topics(
        rd_kafka_event_CreatePartitions_result(event), &count);
    int result = result_of(results, count, want.name, err);
    rd_kafka_event_destroy(event);
    return result;
}

/* The controller has made it; each broker learns of it in its own time. */
int topics_await(struct topics *topics, enum bus_topic topic, struct err *err)
{
    struct topics_want want;

    topics_want(topics->settings, topic, topics->arena, &want);
    for (unsigned looks = 0; looks < ANSWER_MS / LOOK_MS; looks++) {
        const struct rd_kafka_metadata *metadata;
        if (ask_metadata(topics, ANSWER_MS, &metadata, err))
            return -1;
        const struct rd_kafka_metadata_topic *have = find_topic(metadata, want.name);
        bool is_there = have && have->partition_cnt >= want.partitions;
        rd_kafka_metadata_destroy(metadata);
        if (is_there)
            return 0;
        (void)rd_kafka_queue_poll(topics->queue, LOOK_MS); /* nothing comes: it only waits */
    }
    return err_set(err, ERR_RETRY, "topic %s was created but does not appear", want.name);
}
