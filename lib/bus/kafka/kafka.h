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

/* Counts an error under librdkafka's name of it. */
void hub_count_error(struct bus *bus, rd_kafka_resp_err_t error);
/* The topic of a full name; false for a topic that is not ours. */
bool hub_topic_of(const struct bus_hub *hub, const char *name, enum bus_topic *ret_topic);
