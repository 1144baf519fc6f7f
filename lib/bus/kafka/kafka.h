/* SPDX-License-Identifier: Apache-2.0
 * What the files of this folder share: the hub (settings and names of the process) and the bus of
 * one role with its parts. Each part has a header of its own. */
#pragma once

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "bus/bus.h"
#include "bus/figures.h"
#include "bus/settings.h"

struct bus_hub {
    struct bus_settings settings;  /* its strings are the configuration's */
    char *topic_names[BUS_TOPICS]; /* with the prefix */
    pthread_mutex_t lock;          /* of buses */
    struct list buses;
    _Atomic uint64_t files_mark; /* of options_mark, at the latest renewal */
};

struct bus {
    struct list_node node; /* of hub->buses */
    struct bus_hub *hub;
    struct loop *loop;
    char *name;
    enum bus_pace pace;
    struct producer *producer;
    struct probe *probe;
    struct reader *reader; /* made at the first fetch */
    struct list consumers;
    struct loop_post *renewal;
    uint64_t files_mark;            /* that its handles were made with */
    int32_t partitions[BUS_TOPICS]; /* 0: not yet known */
    struct bus_stats stats;
};

/* A record as bus.h tells of it; lives as long as the record. */
static inline struct bus_delivery delivery_of(const rd_kafka_message_t *record)
{
    int64_t stored_at_ms = rd_kafka_message_timestamp(record, NULL);

    return (struct bus_delivery){
        .partition = record->partition,
        .offset = record->offset,
        .stored_at_ms = stored_at_ms > 0 ? stored_at_ms : 0,
        .key = slice_of(record->key, record->key_len),
        .value = slice_of(record->payload, record->len),
        .is_tombstone = record->payload == NULL,
    };
}

/* Counts an error under librdkafka's name of it. */
void hub_count_error(struct bus *bus, rd_kafka_resp_err_t error);
/* The topic of a full name; false for a topic that is not ours. */
bool hub_topic_of(const struct bus_hub *hub, const char *name, enum bus_topic *ret_topic);
