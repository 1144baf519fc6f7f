/* SPDX-License-Identifier: Apache-2.0
 * Where do partitions begin, or end? Asked of their leaders, which refuse to tell an end while they
 * cannot know it: right after one took over, acknowledged records may not be visible yet. One that
 * was replaced and has not noticed still answers, and then tells an end that is too low. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "net/loop.h"

struct client;
struct edge_question;

enum edge { EDGE_BEGIN, EDGE_END };

struct edge_answer {
    /* From the loop, once. edges: the offset of each partition asked for, -1 of one without an
     * answer; valid during the call. */
    void (*on_edges)(void *owner, const rd_kafka_topic_partition_list_t *edges);
    void *owner;
};

/* places: topics and partitions; taken over. */
struct edge_question *edge_ask(struct loop *loop, struct client *client, enum edge edge,
                               rd_kafka_topic_partition_list_t *places,
                               const struct edge_answer *answer);
/* on_edges will not be called. NULL accepted, NULL set. */
void edge_abandon(struct edge_question **question);
