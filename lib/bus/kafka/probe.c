/* SPDX-License-Identifier: Apache-2.0
 * librdkafka 2.0.2 tells partition counts only to a blocking call, so it is made on the thread
 * pool; the question outlives the probe when the answer is slow. */
#include "probe.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "bus/stats.h"
#include "client.h"
#include "guard.h"
#include "net/clock.h"
#include "producer.h"

#define STEADY_MS 10000 /* between looks while ready */
#define URGENT_MS 250   /* and while not */
#define ANSWER_MS 3000
#define GUARD_MS  60000 /* between looks at the retention */

struct question {
    struct probe *probe; /* NULL: nobody waits any more */
    struct client *client;
    const struct rd_kafka_metadata *metadata; /* NULL: no answer */
    uint64_t took_us;
};

struct probe {
    struct bus *bus;
    struct loop_timer *timer;
    struct question *question; /* being asked */
    bool is_connected;
    bool was_known;  /* all topics, once */
    bool is_guarded; /* the retention has been found good */
    uint64_t guard_due_ms;
    struct err missing; /* the topic that is not there; ERR_NONE: all are */
    struct err refusal; /* of the guard */
};

/* ---- on the thread pool ---- */

static void ask(void *owner)
{
    struct question *question = owner;
    uint64_t asked_us = clock_monotonic_us();

    /* The error does not matter: every one means "not now". */
    (void)rd_kafka_metadata(client_rk(question->client), 0, NULL, &question->metadata, ANSWER_MS);
    question->took_us = clock_monotonic_us() - asked_us;
    client_put(&question->client);
}

/* ---- on the loop ---- */

static void note_missing(struct probe *probe)
{
    const struct bus *bus = probe->bus;

    probe->missing.kind = ERR_NONE;
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        if (bus->partitions[topic] == 0) {
            (void)err_set(&probe->missing, ERR_RETRY,
                          "topic %s does not exist: hikyakuctl topics apply creates it",
                          bus->hub->topic_names[topic]);
            return;
        }
    probe->was_known = true;
}

/* A topic that is missing for a moment, or from an answer, keeps its count: partitions never go. */
static void take_answer(struct probe *probe, const struct rd_kafka_metadata *metadata)
{
    struct bus *bus = probe->bus;
    enum bus_topic known;

    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];
        if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && topic->partition_cnt > 0 &&
            hub_topic_of(bus->hub, topic->topic, &known))
            bus->partitions[known] = topic->partition_cnt;
    }
    note_missing(probe);
}

/* librdkafka asks any broker that is up, so after some questions each has its figure. Its names are
 * "host:port/id". The first answer includes the time to connect: it does not count. */
static void note_rtt(const struct probe *probe, const struct question *question)
{
    struct slice name = slice_str(question->metadata->orig_broker_name);

    if (probe->is_connected)
        stats_set_rtt(&probe->bus->stats, slice_sub(name, 0, slice_rfind(name, '/')),
                      question->took_us);
}

static void ask_guard(struct probe *probe)
{
    struct bus *bus = probe->bus;

    if (bus->hub->settings.longest_period_s == 0)
        probe->is_guarded = true; /* nothing is retried: any retention will do */
    else if (loop_now_ms(bus->loop) >= probe->guard_due_ms || !probe->is_guarded)
        guard_ask(bus->hub, producer_client(bus->producer), producer_queue(bus->producer));
}

static bool is_ready(const struct probe *probe)
{
    return probe->is_connected && probe->was_known && probe->is_guarded;
}

static void on_answered(void *owner)
{
    struct question *question = owner;
    struct probe *probe = question->probe;

    if (probe) {
        probe->question = NULL;
        if (question->metadata)
            note_rtt(probe, question);
        probe->is_connected = question->metadata != NULL;
        if (probe->is_connected) {
            take_answer(probe, question->metadata);
            ask_guard(probe);
        }
        loop_timer_start(probe->timer, is_ready(probe) ? STEADY_MS : URGENT_MS);
    }
    if (question->metadata)
        rd_kafka_metadata_destroy(question->metadata);
    xfree(question);
}

static void on_due(void *owner)
{
    struct probe *probe = owner;

    if (probe->question)
        return; /* the answer starts the timer again */
    probe->question = xalloc(sizeof *probe->question);
    probe->question->probe = probe;
    probe->question->client = client_take(producer_client(probe->bus->producer));
    loop_offload(probe->bus->loop, ask, on_answered, probe->question);
}

struct probe *probe_new(struct bus *bus)
{
    struct probe *probe = xalloc(sizeof *probe);

    probe->bus = bus;
    probe->timer = loop_timer_new(bus->loop, on_due, probe);
    loop_timer_start(probe->timer, 0);
    return probe;
}

void probe_free(struct probe **probe)
{
    if (!*probe)
        return;
    if ((*probe)->question)
        (*probe)->question->probe = NULL;
    loop_timer_free(&(*probe)->timer);
    xfree(*probe);
    *probe = NULL;
}

bool probe_is_ready(const struct probe *probe, const char **ret_why)
{
    if (!probe->is_connected)
        *ret_why = "no Kafka broker answers";
    else if (!probe->was_known)
        *ret_why = probe->missing.text;
    else if (!probe->is_guarded)
        *ret_why = probe->refusal.kind == ERR_NONE ? "the retention of the topics is being read"
                                                   : probe->refusal.text;
    else
        *ret_why = "";
    return is_ready(probe);
}

void probe_hurry(struct probe *probe)
{
    if (!probe->question)
        loop_timer_start(probe->timer, 0);
}

void probe_on_disconnected(struct probe *probe)
{
    probe->is_connected = false;
    probe_hurry(probe);
}

void probe_on_configs(struct probe *probe, rd_kafka_event_t *event)
{
    struct bus *bus = probe->bus;

    /* A question that failed says nothing about the retention: the last answer stands. */
    if (rd_kafka_event_error(event) && probe->is_guarded)
        return;
    probe->is_guarded = guard_check(bus, event, &probe->refusal) == 0;
    probe->guard_due_ms = loop_now_ms(bus->loop) + GUARD_MS;
}
