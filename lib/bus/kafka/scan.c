/* SPDX-License-Identifier: Apache-2.0
 * Every partition is assigned by hand from its beginning; its first end-of-partition event says
 * that what was there has been read. */
#include "scan.h"

#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "client.h"

#define ANSWER_MS      10000
#define BATCH          1000
#define PARTITIONS_MAX 4096

struct scan_part {
    enum bus_topic topic;
    int32_t partition;
    bool is_at_end;
};

struct scan {
    struct client *client;
    char *names[BUS_TOPICS]; /* NULL: not read */
    struct scan_part *parts;
    size_t count, open; /* open: not yet at their end */
};

static int open_client(struct scan *scan, const struct bus_settings *settings, struct err *err)
{
    struct buf group = {0};

    /* rd_kafka_assign wants a group's name; nobody ever joins it. */
    buf_add_str(&group, settings->topic_prefix);
    buf_add_str(&group, "scan");
    const struct client_option options[] = {
        {"group.id", buf_str(&group)},         {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "earliest"},
        {"enable.partition.eof", "true"},      {NULL, NULL},
    };
    const struct client_plan plan = {
        .type = RD_KAFKA_CONSUMER, .id = "hikyakuctl", .options = options};
    int result = client_new(settings, &plan, &scan->client, err);
    buf_free(&group);
    return result;
}

static const struct rd_kafka_metadata_topic *find_topic(const struct rd_kafka_metadata *metadata,
                                                        const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, name) == 0 && metadata->topics[i].partition_cnt > 0)
            return &metadata->topics[i];
    return NULL;
}

static int add_topic(struct scan *scan, enum bus_topic topic,
                     const struct rd_kafka_metadata *metadata, struct err *err)
{
    const struct rd_kafka_metadata_topic *found = find_topic(metadata, scan->names[topic]);

    if (!found || found->partition_cnt > PARTITIONS_MAX)
        return err_set(err, ERR_INVALID, "there is no topic %s (hikyakuctl topics apply makes it)",
                       scan->names[topic]);
    size_t added = (size_t)found->partition_cnt;
    scan->parts = xrealloc(scan->parts, (scan->count + added) * sizeof *scan->parts);
    for (size_t i = 0; i < added; i++)
        scan->parts[scan->count++] = (struct scan_part){.topic = topic, .partition = (int32_t)i};
    scan->open = scan->count;
    return 0;
}

static int assign(struct scan *scan, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)scan->count);

    for (size_t i = 0; i < scan->count; i++) {
        const struct scan_part *part = &scan->parts[i];
        rd_kafka_topic_partition_list_add(list, scan->names[part->topic], part->partition)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(client_rk(scan->client), list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        return err_set(err, ERR_RETRY, "the topics cannot be read: %s", rd_kafka_err2str(error));
    return 0;
}

static int start(struct scan *scan, const enum bus_topic *topics, size_t count, struct err *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(client_rk(scan->client), 1, NULL, &metadata, ANSWER_MS);
    int result = 0;

    if (error)
        return err_set(err, ERR_RETRY, "no Kafka broker answers: %s", rd_kafka_err2str(error));
    for (size_t i = 0; i < count && result == 0; i++)
        result = add_topic(scan, topics[i], metadata, err);
    rd_kafka_metadata_destroy(metadata);
    if (result)
        return -1;
    (void)rd_kafka_poll_set_consumer(client_rk(scan->client));
    return assign(scan, err);
}

int scan_open(const struct bus_settings *settings, const enum bus_topic *topics, size_t count,
              struct scan **ret_scan, struct err *err)
{
    struct scan *scan = xalloc(sizeof *scan);

    for (size_t i = 0; i < count; i++) {
        struct buf name = {0};
        buf_add_str(&name, settings->topic_prefix);
        buf_add_str(&name, bus_topic_row(topics[i])->name);
        scan->names[topics[i]] = xstrdup(buf_str(&name));
        buf_free(&name);
    }
    if (open_client(scan, settings, err) || start(scan, topics, count, err)) {
        scan_free(&scan);
        return -1;
    }
    *ret_scan = scan;
    return 0;
}

static struct scan_part *part_of(const struct scan *scan, const rd_kafka_message_t *record)
{
    const char *name = record->rkt ? rd_kafka_topic_name(record->rkt) : "";

    for (size_t i = 0; i < scan->count; i++)
        if (scan->parts[i].partition == record->partition &&
            strcmp(scan->names[scan->parts[i].topic], name) == 0)
            return &scan->parts[i];
    return NULL;
}

static int take(struct scan *scan, const rd_kafka_message_t *record, const struct scan_ops *ops,
                struct err *err)
{
    struct scan_part *part = part_of(scan, record);

    if (part && record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        scan->open -= !part->is_at_end;
        part->is_at_end = true;
        return 0;
    }
    if (record->err)
        return err_set(err, ERR_RETRY, "a topic cannot be read: %s",
                       rd_kafka_message_errstr(record));
    if (!part)
        return 0;
    int64_t stored_at_ms = rd_kafka_message_timestamp(record, NULL);
    const struct bus_delivery delivery = {
        .partition = record->partition,
        .offset = record->offset,
        .stored_at_ms = stored_at_ms > 0 ? stored_at_ms : 0,
        .key = slice_of(record->key, record->key_len),
        .value = slice_of(record->payload, record->len),
        .is_tombstone = !record->payload,
    };
    ops->on_record(ops->owner, part->topic, &delivery);
    return 0;
}

int scan_read(struct scan *scan, int timeout_ms, const struct scan_ops *ops, struct err *err)
{
    rd_kafka_t *rk = client_rk(scan->client);
    rd_kafka_message_t *record = rd_kafka_consumer_poll(rk, timeout_ms);
    int result = 0;

    for (unsigned done = 0; record && result == 0 && done < BATCH; done++) {
        result = take(scan, record, ops, err);
        rd_kafka_message_destroy(record);
        record = result == 0 && done + 1 < BATCH ? rd_kafka_consumer_poll(rk, 0) : NULL;
    }
    return result;
}

bool scan_is_at_end(const struct scan *scan)
{
    return scan->open == 0;
}

void scan_free(struct scan **scan)
{
    struct scan *s = *scan;

    if (!s)
        return;
    client_put(&s->client);
    for (size_t i = 0; i < BUS_TOPICS; i++)
        xfree(s->names[i]);
    xfree(s->parts);
    xfree(s);
    *scan = NULL;
}
