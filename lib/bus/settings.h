/* SPDX-License-Identifier: Apache-2.0
 * Settings of the log, one struct for all back ends; each names in its conf table (log_kafka,
 * log_lmdb in bus/kafka/settings.c and bus/lmdb/settings.c) the members it uses. Strings live as
 * long as the configuration. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bus/topic.h"
#include "conf/conf.h"

struct bus_settings {
    const char *topic_prefix;       /* before each topic name */
    int64_t partitions[BUS_TOPICS]; /* of topics we create (lmdb at start, hikyakuctl) */
    int64_t longest_period_s;       /* set by the service: retention must cover it + 24 h */
    int64_t drain_ms;               /* how long a revoked partition may finish its work */
    /* kafka */
    const char *brokers;     /* bootstrap.servers */
    const char *instance_id; /* group.instance.id prefix; "" dynamic membership */
    int64_t session_timeout_ms;
    int64_t publish_timeout_ms; /* message.timeout.ms */
    int64_t linger_ms;          /* BUS_PROMPT */
    int64_t gather_ms;          /* BUS_GATHERING */
    int64_t fetch_wait_ms;      /* fetch.wait.max.ms */
    int64_t queue_kbytes;       /* queue.buffering.max.kbytes */
    int64_t prefetch_kbytes;    /* queued.max.messages.kbytes */
    const char *compression;    /* none, lz4, zstd */
    int64_t replication;        /* topics apply */
    int64_t min_insync;
    bool idempotence;
    const char *const *librdkafka;       /* "name=value" of any further librdkafka setting */
    const char *const *librdkafka_files; /* "name=path": the value is the file's text */
    /* lmdb */
    const char *directory;
    int64_t map_bytes;    /* ceiling of the file */
    int64_t full_percent; /* intake refused above this share of map or disk */
};

/* The table of the back end this binary is linked with: section "log". */
extern const struct conf_section BUS_SECTION;
