/* SPDX-License-Identifier: Apache-2.0
 * Rounds of the point reader. One seek costs about as much as reading 64 small records, so fetches
 * that are nearer to one another share a run. */
#include "base/xalloc.h"
#include "bus/fetches.h"
#include "client.h"
#include "edge.h"
#include "reader.h"

#define NEIGHBOUR_GAP 64
#define ROUND_MS      5000 /* unanswered by then: a retry may help */

/* ---- runs ---- */

static bool is_same_partition(const struct run *run, const struct bus_ref *ref)
{
    return run->topic == ref->topic && run->partition == ref->partition;
}

static struct run *add_run(struct reader *reader, const struct bus_ref *ref)
{
    struct run *run = xalloc(sizeof *run);

    run->reader = reader;
    run->topic = ref->topic;
    run->partition = ref->partition;
    run->last_offset = ref->last_offset;
    list_init(&run->fetches);
    list_push(&reader->runs, &run->node);
    return run;
}

/* The first run of each partition; what is too far away waits for the next round. */
static void make_runs(struct reader *reader)
{
    struct run *run = NULL;
    struct list_node *next;

    bus_fetches_sort(&reader->waiting);
    for (struct list_node *node = list_first(&reader->waiting); node; node = next) {
        struct bus_fetch *fetch = fetch_of(node);
        next = list_next(&reader->waiting, node);
        if (!run || !is_same_partition(run, &fetch->ref))
            run = add_run(reader, &fetch->ref);
        else if (fetch->ref.first_offset > run->last_offset + NEIGHBOUR_GAP)
            continue;
        list_remove(&reader->waiting, node);
        list_push(&run->fetches, node);
        if (fetch->ref.last_offset > run->last_offset)
            run->last_offset = fetch->ref.last_offset;
    }
}

struct run *round_run_of(const struct reader *reader, enum bus_topic topic, int32_t partition)
{
    for (struct list_node *node = list_first(&reader->runs); node;
         node = list_next(&reader->runs, node)) {
        struct run *run = LIST_OWNER(node, struct run, node);
        if (run->topic == topic && run->partition == partition)
            return run;
    }
    return NULL;
}

/* ---- the round ---- */

void round_assign(struct reader *reader, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t error = rd_kafka_assign(client_rk(reader->client), list);

    if (error)
        hub_count_error(reader->bus, error);
}

static rd_kafka_topic_partition_list_t *places(const struct reader *reader)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)reader->runs.count);

    for (struct list_node *node = list_first(&reader->runs); node;
         node = list_next(&reader->runs, node)) {
        struct run *run = LIST_OWNER(node, struct run, node);
        rd_kafka_topic_partition_list_add(list, reader_topic_name(reader, run->topic),
                                          run->partition)
            ->offset = fetch_of(list_first(&run->fetches))->ref.first_offset;
    }
    return list;
}

void round_begin(struct reader *reader)
{
    make_runs(reader);
    rd_kafka_topic_partition_list_t *list = places(reader);
    round_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    loop_timer_start(reader->timer, ROUND_MS);
}

/* What is over must not be read on while others are still awaited. */
static void set_paused(struct reader *reader, const struct run *run, bool is_paused)
{
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(one, reader_topic_name(reader, run->topic), run->partition);
    if (is_paused)
        (void)rd_kafka_pause_partitions(client_rk(reader->client), one);
    else
        (void)rd_kafka_resume_partitions(client_rk(reader->client), one);
    rd_kafka_topic_partition_list_destroy(one);
}

void round_drop(struct reader *reader)
{
    struct list_node *node;

    while ((node = list_shift(&reader->runs))) {
        struct run *run = LIST_OWNER(node, struct run, node);
        edge_abandon(&run->begin);
        xfree(run);
    }
}

static void end_round(struct reader *reader)
{
    for (struct list_node *node = list_first(&reader->runs); node;
         node = list_next(&reader->runs, node)) {
        struct run *run = LIST_OWNER(node, struct run, node);
        if (run->is_paused)
            set_paused(reader, run, false); /* or the next round would not read it */
    }
    round_drop(reader);
    loop_timer_stop(reader->timer);
    if (reader->waiting.count > 0 || reader->is_stale)
        loop_timer_start(reader->timer, 0); /* the next assignment, or handle, replaces this one */
    else
        round_assign(reader, NULL);
}

static size_t count_open(const struct reader *reader)
{
    size_t open = 0;

    for (struct list_node *node = list_first(&reader->runs); node;
         node = list_next(&reader->runs, node))
        open += LIST_OWNER(node, struct run, node)->fetches.count > 0;
    return open;
}

void round_settle(struct reader *reader)
{
    if (reader->runs.count == 0)
        return;
    if (count_open(reader) == 0) {
        end_round(reader);
        return;
    }
    for (struct list_node *node = list_first(&reader->runs); node;
         node = list_next(&reader->runs, node)) {
        struct run *run = LIST_OWNER(node, struct run, node);
        if (run->fetches.count > 0 || run->is_paused)
            continue;
        run->is_paused = true;
        set_paused(reader, run, true);
    }
}

static void settle(void *owner)
{
    round_settle(owner);
}

void round_settle_later(struct reader *reader)
{
    loop_later(reader->bus->loop, &reader->settle_later, settle, reader);
}
