/* SPDX-License-Identifier: Apache-2.0
 * One ListOffsets request on the thread pool: in librdkafka 2.0.2 it is a blocking call. */
#include "edge.h"

#include "base/xalloc.h"
#include "client.h"

#define ANSWER_MS 3000
#define UNKNOWN   ((int64_t)-1)

struct edge_question {
    struct client *client;
    rd_kafka_topic_partition_list_t *places;
    struct edge_answer answer; /* on_edges NULL: nobody waits any more */
};

static void ask(void *owner)
{
    struct edge_question *question = owner;
    rd_kafka_topic_partition_list_t *places = question->places;

    rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client_rk(question->client), places, ANSWER_MS);
    for (int i = 0; i < places->cnt; i++)
        if (error || places->elems[i].err || places->elems[i].offset < 0)
            places->elems[i].offset = UNKNOWN;
    client_put(&question->client);
}

static void on_answered(void *owner)
{
    struct edge_question *question = owner;

    if (question->answer.on_edges)
        question->answer.on_edges(question->answer.owner, question->places);
    rd_kafka_topic_partition_list_destroy(question->places);
    xfree(question);
}

struct edge_question *edge_ask(struct loop *loop, struct client *client, enum edge edge,
                               rd_kafka_topic_partition_list_t *places,
                               const struct edge_answer *answer)
{
    struct edge_question *question = xalloc(sizeof *question);

    question->client = client_take(client);
    question->answer = *answer;
    question->places = places;
    for (int i = 0; i < places->cnt; i++) /* as a time, a logical offset asks for the real one */
        places->elems[i].offset =
            edge == EDGE_BEGIN ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
    loop_offload(loop, ask, on_answered, question);
    return question;
}

void edge_abandon(struct edge_question **question)
{
    if (*question)
        (*question)->answer.on_edges = NULL;
    *question = NULL;
}
