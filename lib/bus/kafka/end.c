/* SPDX-License-Identifier: Apache-2.0
 * One ListOffsets request on the thread pool: in librdkafka 2.0.2 it is a blocking call. */
#include "end.h"

#include "base/xalloc.h"
#include "client.h"

#define ANSWER_MS 3000
#define UNKNOWN   ((int64_t)-1)

struct end_question {
    struct client *client;
    rd_kafka_topic_partition_list_t *places;
    struct end_answer answer; /* on_ends NULL: nobody waits any more */
};

static void ask(void *owner)
{
    struct end_question *question = owner;
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
    struct end_question *question = owner;

    if (question->answer.on_ends)
        question->answer.on_ends(question->answer.owner, question->places);
    rd_kafka_topic_partition_list_destroy(question->places);
    xfree(question);
}

struct end_question *end_ask(struct loop *loop, struct client *client,
                             rd_kafka_topic_partition_list_t *places,
                             const struct end_answer *answer)
{
    struct end_question *question = xalloc(sizeof *question);

    question->client = client_take(client);
    question->answer = *answer;
    question->places = places;
    for (int i = 0; i < places->cnt; i++) /* as a time, the logical "end" asks for the newest */
        places->elems[i].offset = RD_KAFKA_OFFSET_END;
    loop_offload(loop, ask, on_answered, question);
    return question;
}

void end_abandon(struct end_question **question)
{
    if (*question)
        (*question)->answer.on_ends = NULL;
    *question = NULL;
}
