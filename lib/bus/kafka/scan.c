/* SPDX-License-Identifier: Apache-2.0
 * Every partition is assigned by hand from its beginning; an end-of-partition event says that what
 * was there has been read. Metadata is asked for every few seconds: it says what partitions there
 * are, and whether a broker answers at all, which librdkafka does not tell a consumer. */
#include "scan.h"

#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/scan_parts.h"
#include "client.h"
#include "kafka.h"
#include "net/clock.h"

#define ANSWER_MS      500 /* a follower's loop waits for it */
#define LOOK_MS        10000
#define LOOK_AGAIN_MS  1000 /* while nobody answers */
#define PARTITIONS_MAX 4096

struct kafka_scan {
    struct scan scan;
    struct client *client;
    char *names[BUS_TOPICS]; /* NULL: not read */
    struct scan_parts parts;
    uint64_t look_due_ms;
    struct err why; /* why the last look failed; kind ERR_NONE: it did not */
};

/* ---- which partitions there are ---- */

static int32_t count_of(const struct rd_kafka_metadata *metadata, const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, name) == 0)
            return metadata->topics[i].partition_cnt;
    return 0;
}

static int add_partitions(struct kafka_scan *scan, enum bus_topic topic,
                          const struct rd_kafka_metadata *metadata,
                          rd_kafka_topic_partition_list_t *added)
{
    const char *name = scan->names[topic];
    int32_t count = count_of(metadata, name);

    if (count < 1 || count > PARTITIONS_MAX)
        return err_set(&scan->why, ERR_INVALID,
                       "there is no topic %s (hikyakuctl topics apply makes it)", name);
    for (int32_t i = scan_parts_of(&scan->parts, topic); i < count; i++) {
        (void)scan_parts_add(&scan->parts, topic, i);
        rd_kafka_topic_partition_list_add(added, name, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    return 0;
}

static void assign(struct kafka_scan *scan, const rd_kafka_topic_partition_list_t *added)
{
    rd_kafka_error_t *error =
        added->cnt > 0 ? rd_kafka_incremental_assign(client_rk(scan->client), added) : NULL;

    if (!error)
        return;
    (void)err_set(&scan->why, ERR_RETRY, "the topics cannot be read: %s",
                  rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void take_metadata(struct kafka_scan *scan, const struct rd_kafka_metadata *metadata)
{
    rd_kafka_topic_partition_list_t *added = rd_kafka_topic_partition_list_new(64);
    int result = 0;

    for (int topic = 0; topic < BUS_TOPICS && result == 0; topic++)
        if (scan->names[topic])
            result = add_partitions(scan, (enum bus_topic)topic, metadata, added);
    assign(scan, added);
    rd_kafka_topic_partition_list_destroy(added);
}

static void look(struct kafka_scan *scan)
{
    const struct rd_kafka_metadata *metadata;
    bool is_first = scan->parts.count == 0;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(client_rk(scan->client), is_first, NULL, &metadata, ANSWER_MS);

    scan->why = (struct err){.kind = ERR_NONE};
    if (error) {
        (void)err_set(&scan->why, ERR_RETRY, "no Kafka broker answers: %s",
                      rd_kafka_err2str(error));
    } else {
        take_metadata(scan, metadata);
        rd_kafka_metadata_destroy(metadata);
    }
    scan->look_due_ms =
        clock_monotonic_ms() + (scan->why.kind == ERR_NONE ? LOOK_MS : LOOK_AGAIN_MS);
}

/* ---- keeping together ---- */

/* True: it should change between held and not held. */
static bool is_to_turn(const struct scan_part *part, const struct scan_part *last)
{
    bool is_ahead = !part->is_at_end && last && part->stored_at_ms > last->stored_at_ms &&
                    part->stored_at_ms - last->stored_at_ms > SCAN_AHEAD_MS;

    return is_ahead != part->is_held;
}

static void keep_together(struct kafka_scan *scan)
{
    const struct scan_part *last = scan_parts_last(&scan->parts);
    rd_kafka_topic_partition_list_t *turned[2] = {rd_kafka_topic_partition_list_new(0),
                                                  rd_kafka_topic_partition_list_new(0)};

    for (size_t i = 0; i < scan->parts.count; i++) {
        struct scan_part *part = &scan->parts.parts[i];
        if (!is_to_turn(part, last))
            continue;
        part->is_held = !part->is_held;
        (void)rd_kafka_topic_partition_list_add(turned[part->is_held], scan->names[part->topic],
                                                part->partition);
    }
    if (turned[true]->cnt > 0)
        (void)rd_kafka_pause_partitions(client_rk(scan->client), turned[true]);
    if (turned[false]->cnt > 0)
        (void)rd_kafka_resume_partitions(client_rk(scan->client), turned[false]);
    rd_kafka_topic_partition_list_destroy(turned[true]);
    rd_kafka_topic_partition_list_destroy(turned[false]);
}

/* ---- records ---- */

static struct scan_part *part_of(const struct kafka_scan *scan, const rd_kafka_message_t *record)
{
    const char *name = record->rkt ? rd_kafka_topic_name(record->rkt) : "";

    for (int topic = 0; topic < BUS_TOPICS; topic++)
        if (scan->names[topic] && strcmp(scan->names[topic], name) == 0)
            return scan_parts_find(&scan->parts, (enum bus_topic)topic, record->partition);
    return NULL;
}

static int take(struct kafka_scan *scan, const rd_kafka_message_t *record,
                const struct scan_ops *ops, struct err *err)
{
    struct scan_part *part = part_of(scan, record);

    if (part && record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        scan_part_ended(part);
        return 0;
    }
    if (record->err)
        return err_set(err, ERR_RETRY, "a topic cannot be read: %s",
                       rd_kafka_message_errstr(record));
    if (!part)
        return 0;
    const struct bus_delivery delivery = delivery_of(record);
    scan_part_moved(part, &delivery);
    ops->on_record(ops->owner, part->topic, &delivery);
    return 0;
}

static int read_batch(struct kafka_scan *scan, int timeout_ms, const struct scan_ops *ops,
                      struct err *err)
{
    rd_kafka_t *rk = client_rk(scan->client);
    rd_kafka_message_t *record = rd_kafka_consumer_poll(rk, timeout_ms);
    int result = 0;

    for (unsigned done = 1; record; done++) {
        result = take(scan, record, ops, err);
        rd_kafka_message_destroy(record);
        record = result == 0 && done < SCAN_BATCH ? rd_kafka_consumer_poll(rk, 0) : NULL;
    }
    return result;
}

/* ---- the back end ---- */

static struct kafka_scan *self(struct scan *scan)
{
    return (struct kafka_scan *)scan;
}

static int read_scan(struct scan *scan, int timeout_ms, const struct scan_ops *ops, struct err *err)
{
    struct kafka_scan *s = self(scan);

    if (clock_monotonic_ms() >= s->look_due_ms)
        look(s);
    int result = read_batch(s, timeout_ms, ops, err);
    keep_together(s);
    if (s->why.kind == ERR_NONE)
        return result;
    *err = s->why;
    return -1;
}

static bool is_at_end(const struct scan *scan)
{
    return scan_parts_are_at_end(&((const struct kafka_scan *)scan)->parts);
}

static int64_t read_to_ms(const struct scan *scan)
{
    return scan_parts_read_to_ms(&((const struct kafka_scan *)scan)->parts);
}

static void free_scan(struct scan *scan)
{
    struct kafka_scan *s = self(scan);

    client_put(&s->client);
    for (size_t i = 0; i < BUS_TOPICS; i++)
        xfree(s->names[i]);
    scan_parts_free(&s->parts);
    xfree(s);
}

static int open_client(struct kafka_scan *scan, const struct bus_settings *settings,
                       struct err *err)
{
    struct buf group = {0};

    /* rd_kafka_assign wants a group's name; nobody ever joins it. */
    buf_add_str(&group, settings->topic_prefix);
    buf_add_str(&group, "scan");
    const struct client_option options[] = {
        {"group.id", buf_str(&group)},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"enable.partition.eof", "true"},
        {"queued.max.messages.kbytes", "16384"},
        {NULL, NULL},
    };
    const struct client_plan plan = {
        .type = RD_KAFKA_CONSUMER, .id = "hikyakuctl", .options = options};
    int result = client_new(settings, &plan, &scan->client, err);
    buf_free(&group);
    if (result == 0)
        (void)rd_kafka_poll_set_consumer(client_rk(scan->client));
    return result;
}

static int open_scan(const struct bus_settings *settings, const enum bus_topic *topics,
                     size_t count, struct scan **ret_scan, struct err *err)
{
    struct kafka_scan *scan = xalloc(sizeof *scan);

    scan->scan.backend = &KAFKA_SCAN;
    for (size_t i = 0; i < count; i++)
        scan->names[topics[i]] =
            xasprintf("%s%s", settings->topic_prefix, bus_topic_row(topics[i])->name);
    if (open_client(scan, settings, err)) {
        free_scan(&scan->scan);
        return -1;
    }
    *ret_scan = &scan->scan;
    return 0;
}

const struct scan_backend KAFKA_SCAN = {
    .open = open_scan,
    .read = read_scan,
    .is_at_end = is_at_end,
    .read_to_ms = read_to_ms,
    .free = free_scan,
};
