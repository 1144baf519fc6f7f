/* SPDX-License-Identifier: Apache-2.0
 * Where do partitions end? Asked of their leaders, which refuse to say while they cannot know:
 * right after one took over, acknowledged records may not be visible yet. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "net/loop.h"

struct client;
struct end_question;

struct end_answer {
    /* From the loop, once. ends: the offset of each partition asked for, -1 of one without an
     * answer; valid during the call. */
    void (*on_ends)(void *owner, const rd_kafka_topic_partition_list_t *ends);
    void *owner;
};

/* places: topics and partitions; taken over. */
struct end_question *end_ask(struct loop *loop, struct client *client,
                             rd_kafka_topic_partition_list_t *places,
                             const struct end_answer *answer);
/* on_ends will not be called. NULL accepted, NULL set. */
void end_abandon(struct end_question **question);
