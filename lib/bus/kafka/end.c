/* SPDX-License-Identifier: Apache-2.0
 * One ListOffsets request on the thread pool: in librdkafka 2.0.2 it is a blocking call. */
#include "end.h"

#include "base/xalloc.h"
#include "client.h"

#define ANSWER_MS 3000

struct end_question {
    struct client *client;
    rd_kafka_topic_partition_list_t *place;
    int64_t end;
    void (*on_end)(void *owner, int64_t end);
    void *owner;
};

static void ask(void *owner)
{
    struct end_question *question = owner;
    rd_kafka_topic_partition_list_t *place = question->place;

    question->end = -1;
    if (rd_kafka_offsets_for_times(client_rk(question->client), place, ANSWER_MS) ==
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        place->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR && place->elems[0].offset >= 0)
        question->end = place->elems[0].offset;
    client_put(&question->client);
}

static void on_answered(void *owner)
{
    struct end_question *question = owner;

    if (question->on_end)
        question->on_end(question->owner, question->end);
    rd_kafka_topic_partition_list_destroy(question->place);
    xfree(question);
}

struct end_question *end_ask(struct loop *loop, struct client *client,
                             const struct end_place *place,
                             void (*on_end)(void *owner, int64_t end), void *owner)
{
    struct end_question *question = xalloc(sizeof *question);

    question->client = client_take(client);
    question->on_end = on_end;
    question->owner = owner;
    question->place = rd_kafka_topic_partition_list_new(1);
    /* As a time, the logical "end" asks for the newest offset. */
    rd_kafka_topic_partition_list_add(question->place, place->topic_name, place->partition)
        ->offset = RD_KAFKA_OFFSET_END;
    loop_offload(loop, ask, on_answered, question);
    return question;
}

void end_abandon(struct end_question **question)
{
    if (*question)
        (*question)->on_end = NULL;
    *question = NULL;
}
