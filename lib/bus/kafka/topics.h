/* SPDX-License-Identifier: Apache-2.0
 * The topics as they should be, as they are, and the two changes that are ever made: a missing
 * topic is created, one with too few partitions may be grown. Nothing is shrunk, altered or
 * deleted. Blocking: for hikyakuctl and tests, not for a loop. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "bus/settings.h"

#define TOPICS_SETTINGS_MAX 12

struct topics_setting {
    const char *name;
    const char *value;
    bool is_minimum; /* more is fine; "-1" is more than anything */
};

struct topics_want {
    const char *name; /* with the prefix */
    int32_t partitions;
    int32_t replication;
    struct topics_setting settings[TOPICS_SETTINGS_MAX];
    size_t count;
};

/* Pure. How a topic should be; its strings are the arena's. */
void topics_want(const struct bus_settings *settings, enum bus_topic topic, struct arena *arena,
                 struct topics_want *ret_want);

enum topics_grade {
    TOPICS_MISSING, /* topics_create helps */
    TOPICS_SMALL,   /* topics_grow helps */
    TOPICS_DIFFERS, /* works, but not as it should: an operator decides */
    TOPICS_NOTE,    /* harmless */
    TOPICS_REFUSED, /* mail would be lost: no service runs with it */
};

/* A setting each, and partitions, replication, replicas in sync. */
#define TOPICS_DIFFERENCES_MAX (BUS_TOPICS * (TOPICS_SETTINGS_MAX + 3))

struct topics_difference {
    enum bus_topic topic;
    const char *name; /* with the prefix */
    enum topics_grade grade;
    const char *what; /* "topic", "partitions", "replication", "replicas in sync", or a setting */
    const char *is, *should_be;
};

struct topics;

/* settings live as long. */
MUST_CHECK int topics_new(const struct bus_settings *settings, struct topics **ret_topics,
                          struct err *err);
/* NULL accepted, NULL set. */
void topics_free(struct topics **topics);
/* 0 when a broker answers within the time. */
MUST_CHECK int topics_reach(struct topics *topics, int timeout_ms, struct err *err);
/* Looks at all topics. *ret_differences is valid until the next call. */
MUST_CHECK int topics_compare(struct topics *topics,
                              const struct topics_difference **ret_differences, size_t *ret_count,
                              struct err *err);
MUST_CHECK int topics_create(struct topics *topics, enum bus_topic topic, struct err *err);
/* After both: until the brokers show the topic with so many partitions. */
MUST_CHECK int topics_await(struct topics *topics, enum bus_topic topic, struct err *err);
/* To the partitions of the settings. Refuses timer and config: their keys would move. */
MUST_CHECK int topics_grow(struct topics *topics, enum bus_topic topic, struct err *err);
