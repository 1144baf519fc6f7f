/* SPDX-License-Identifier: Apache-2.0
 * From librdkafka to the role: polling, order, back-pressure. Records are handed on as librdkafka
 * holds them and destroyed at once: a kept one would pin its fetch buffer. */
#include "client.h"
#include "consumer.h"
#include "net/clock.h"
#include "pump.h"

#define GATHER_MS 5 /* bus_start calls of one assignment come together */

/* ---- flow ---- */

static bool wants_pause(const struct bus_consumer *consumer, const struct part *part)
{
    size_t resume_at = part->is_paused ? CONSUMER_WIDTH / 2 : CONSUMER_WIDTH;

    if (part->state != PART_STARTED)
        return false;
    return consumer->is_parked || watermark_count(part->watermark) >= resume_at;
}

/* Resuming what is not paused would deliver twice, and every pause throws away what was prefetched:
 * only changes go to librdkafka. */
void delivery_set_flow(struct bus_consumer *consumer, int32_t partition)
{
    struct part *part = &consumer->parts[partition];
    bool pause = wants_pause(consumer, part);

    if (pause == part->is_paused || !consumer->client)
        return;
    part->is_paused = pause;
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, consumer->topic_name, partition);
    if (pause)
        (void)rd_kafka_pause_partitions(client_rk(consumer->client), one);
    else
        (void)rd_kafka_resume_partitions(client_rk(consumer->client), one);
    rd_kafka_topic_partition_list_destroy(one);
}

void delivery_set_parked(struct bus_consumer *consumer, bool is_parked)
{
    if (consumer->is_parked == is_parked)
        return;
    consumer->is_parked = is_parked;
    for (int32_t p = 0; p < consumer->part_count; p++)
        delivery_set_flow(consumer, p);
}

/* ---- delivery ---- */

void delivery_restart(struct bus_consumer *consumer, struct part *part, int64_t position)
{
    part->state = PART_STARTED;
    part->position = position;
    part->is_restarting = true;
    if (!loop_timer_is_running(consumer->assign_timer))
        loop_timer_start(consumer->assign_timer, GATHER_MS);
}

/* A clock that is ahead must not make what comes after a reset look old. */
static void note_seen(struct part *part, int64_t stored_at_ms)
{
    int64_t now_ms = clock_wall_ms();
    int64_t seen_at_ms = stored_at_ms < now_ms ? stored_at_ms : now_ms;

    if (seen_at_ms > part->seen_at_ms)
        part->seen_at_ms = seen_at_ms;
}

static void deliver(struct bus_consumer *consumer, struct part *part,
                    const rd_kafka_message_t *record)
{
    const struct bus_delivery delivery = delivery_of(record);

    watermark_take(part->watermark, delivery.offset, delivery.stored_at_ms);
    note_seen(part, delivery.stored_at_ms);
    consumer->bus->stats.consumed[consumer->topic]++;
    consumer->ops->on_record(consumer->owner, &delivery);
}

static void on_record(struct bus_consumer *consumer, const rd_kafka_message_t *record)
{
    struct part *part = consumer_part(consumer, record->partition);

    if (!part || part->state != PART_STARTED || part->is_restarting ||
        record->offset < part->position)
        return;
    if (watermark_is_full(part->watermark)) { /* it slipped in before the pause: fetch it again */
        delivery_restart(consumer, part, record->offset);
        return;
    }
    part->position = record->offset + 1;
    part->is_reset = false;
    deliver(consumer, part, record);
    delivery_set_flow(consumer, record->partition);
}

bool delivery_is_waiting(const struct bus_consumer *consumer)
{
    return consumer->phase == CONSUMER_RUNNING && consumer->is_held && !consumer->is_parked;
}

bool delivery_poll(struct bus_consumer *consumer)
{
    for (unsigned done = 0; done < PUMP_BATCH; done++) {
        if (delivery_is_waiting(consumer))
            return true; /* bus_resume polls again */
        rd_kafka_message_t *record = rd_kafka_consumer_poll(client_rk(consumer->client), 0);
        if (!record)
            return true;
        rd_kafka_resp_err_t error = record->err;
        if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
            assignment_on_reset(consumer, record->partition);
        else if (error)
            hub_count_error(consumer->bus, error);
        else
            on_record(consumer, record);
        rd_kafka_message_destroy(record);
        if (error == RD_KAFKA_RESP_ERR__FATAL)
            return false;
    }
    pump_again(consumer->pump);
    return true;
}
