/* SPDX-License-Identifier: Apache-2.0
 * The section "log" of programs that are linked with the Kafka back end. */
#include "bus/settings.h"

#include <stddef.h>

#include "base/slice.h"
#include "options.h"

/* Settings whose other values would lose or repeat mail, or that have a setting of their own. */
static const char *const RESERVED[] = {
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "group.id",
    "group.instance.id",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "request.required.acks",
    "transactional.id",
};

static int check_librdkafka(const char *value, struct err *err)
{
    struct slice rest = slice_str(value);

    if (slice_find(rest, '=') == rest.len)
        return err_set(err, ERR_INVALID, "\"%s\" is not of the form name=value", value);
    struct slice name = slice_trim(slice_cut(&rest, '='));
    for (size_t i = 0; i < sizeof RESERVED / sizeof RESERVED[0]; i++)
        if (slice_eq(name, slice_str(RESERVED[i])))
            return err_set(err, ERR_INVALID, "%s is hikyaku's own and cannot be set here",
                           RESERVED[i]);
    return 0;
}

static int check_compression(const char *value, struct err *err)
{
    static const char *const known[] = {"none", "lz4", "zstd", "snappy", "gzip"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_eq(slice_str(value), slice_str(known[i])))
            return 0;
    return err_set(err, ERR_INVALID, "\"%s\" is none of none, lz4, zstd, snappy, gzip", value);
}

static int check_prefix(const char *value, struct err *err)
{
    for (const char *c = value; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '.' || *c == '_' || *c == '-'))
            return err_set(err, ERR_INVALID,
                           "\"%s\" has a character that Kafka does not allow in topic names "
                           "(letters, digits, '.', '_', '-')",
                           value);
    return 0;
}

#define PARTITIONS(topic, id, number, text)                                                        \
    {                                                                                              \
        .name = topic "_partitions", .type = CONF_INT,                                             \
        .offset = CONF_AT(struct bus_settings, partitions[BUS_##id]), .fallback = number,          \
        .min = 1, .max = 10000, .unit = "",                                                        \
        .help = "Partitions when hikyakuctl creates it. " text,                                    \
    }
#define NUMBER(member, number, bounds, units, text)                                                \
    {                                                                                              \
        .name = #member, .type = CONF_INT, .offset = CONF_AT(struct bus_settings, member),         \
        .fallback = number, bounds, .unit = units, .help = text,                                   \
    }
#define BETWEEN(low, high) .min = (low), .max = (high)

static const struct conf_setting SETTINGS[] = {
    PARTITIONS("body", BODY, "64", "May grow later."),
    {
        .name = "brokers",
        .type = CONF_STRING,
        .offset = CONF_AT(struct bus_settings, brokers),
        .min = 1,
        .max = 4096,
        .unit = "",
        .help = "Kafka brokers to begin with: host:port, separated by commas.",
    },
    {
        .name = "compression",
        .type = CONF_STRING,
        .offset = CONF_AT(struct bus_settings, compression),
        .fallback = "lz4",
        .min = 1,
        .max = 16,
        .unit = "",
        .help = "Of records on their way to Kafka and on its disks: none, lz4, zstd, snappy or "
                "gzip.",
        .check = check_compression,
    },
    PARTITIONS("config", CONFIG, "1", "Never change it afterwards."),
    PARTITIONS("dead", DEAD, "1", "May grow later."),
    NUMBER(drain_ms, "20000", BETWEEN(0, 240000), "ms",
           "How long work in hand may go on when its partition moves to another process."),
    PARTITIONS("event", EVENT, "16", "May grow later."),
    PARTITIONS("failure", FAILURE, "16", "The most bouncers that can share it; may grow later."),
    NUMBER(
        fetch_wait_ms, "20", BETWEEN(1, 500), "ms",
        "How long a broker waits for 32 KiB of records before it answers a consumer with what it "
        "has: the delay a lonely mail may see, and the pace of requests when there is none."),
    NUMBER(gather_ms, "20", BETWEEN(0, 1000), "ms",
           "linger_ms of senders, schedulers and bouncers: nobody waits for what they publish, and "
           "records that travel together cost the brokers much less."),
    {
        .name = "idempotence",
        .type = CONF_BOOL,
        .offset = CONF_AT(struct bus_settings, idempotence),
        .fallback = "true",
        .unit = "",
        .help = "Sequence numbers keep retried records from being stored twice. Turn it off only "
                "when the brokers cannot do it; repeats are then removed by parcel id.",
    },
    {
        .name = "instance_id",
        .type = CONF_STRING,
        .offset = CONF_AT(struct bus_settings, instance_id),
        .fallback = "",
        .max = 200,
        .unit = "",
        .help = "A name of this process that stays the same over restarts (the pod name of a "
                "StatefulSet): it then keeps its partitions when it is back within "
                "session_timeout_ms. Empty: they move to others at once.",
    },
    {
        .name = "librdkafka",
        .type = CONF_STRINGS,
        .offset = CONF_AT(struct bus_settings, librdkafka),
        .fallback = "",
        .max = 64,
        .unit = "",
        .help = "Further settings of librdkafka as name=value, for instance for TLS and SASL: "
                "\"security.protocol=SASL_SSL\".",
        .check = check_librdkafka,
        .file_of = options_location_of,
    },
    {
        .name = "librdkafka_files",
        .type = CONF_STRINGS,
        .offset = CONF_AT(struct bus_settings, librdkafka_files),
        .fallback = "",
        .max = 64,
        .unit = "",
        .help = "The same as name=path, the value being the text of a file: for secrets, for "
                "instance \"sasl.password=/run/secrets/password\". A replaced file is taken over "
                "without a restart.",
        .check = check_librdkafka,
        .file_of = options_file_of,
    },
    NUMBER(linger_ms, "1", BETWEEN(0, 1000), "ms",
           "How long a record of the ingress, whose client waits for its 250, waits for others to "
           "share "
           "its request. 0 burns processor time here and in the brokers, more than 5 only adds "
           "delay."),
    NUMBER(min_insync, "2", BETWEEN(1, 10), "",
           "min.insync.replicas of topics that hikyakuctl creates: replicas that must have a "
           "record before its mail is answered with 250. 1 only with one broker."),
    NUMBER(prefetch_kbytes, "32768", BETWEEN(1024, 2097151), "KiB",
           "Records read ahead by a consumer. Less saves memory and slows reading when there are "
           "many partitions."),
    NUMBER(publish_timeout_ms, "15000", BETWEEN(1000, 300000), "ms",
           "A record that is not acknowledged by then has failed; its mail is answered with 451."),
    NUMBER(queue_kbytes, "131072", BETWEEN(1024, 2097151), "KiB",
           "Records that may wait for their acknowledgement. New mail is refused for a while at "
           "80 % of it."),
    NUMBER(replication, "3", BETWEEN(1, 10), "",
           "Replicas of topics that hikyakuctl creates. 1 only with one broker: its disk is then "
           "the only copy of accepted mail."),
    NUMBER(session_timeout_ms, "45000", BETWEEN(1000, 300000), "ms",
           "A process the group has not heard of for so long loses its partitions."),
    PARTITIONS("timer", TIMER, "64", "Can never be changed afterwards."),
    {
        .name = "topic_prefix",
        .type = CONF_STRING,
        .offset = CONF_AT(struct bus_settings, topic_prefix),
        .fallback = "hikyaku.",
        .max = 100,
        .unit = "",
        .help = "Before the name of each topic and group, so that installations can share a "
                "cluster.",
        .check = check_prefix,
    },
    PARTITIONS("work", WORK, "64", "The most senders that can share it; may grow later."),
};

static int check_replication(const void *values, struct err *err)
{
    const struct bus_settings *settings = values;

    if (settings->min_insync > settings->replication)
        return err_set(err, ERR_INVALID,
                       "min_insync is greater than replication: nothing could be written");
    return 0;
}

const struct conf_section BUS_SECTION = {
    .name = "log",
    .help = "Where everything that must not be lost is kept: Apache Kafka, 3.0 or later.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof SETTINGS[0],
    .size = sizeof(struct bus_settings),
    .check = check_replication,
};
