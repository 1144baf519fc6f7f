/* SPDX-License-Identifier: Apache-2.0
 * Giving up one record of the timer topic. */
#include "scheduler/dead.h"

#include "base/xalloc.h"
#include "proto/record.h"
#include "scheduler/role.h"

struct dead_letter {
    struct bus_ticket ticket;
    struct scheduler *scheduler;
    int32_t partition;
    int64_t offset;
};

static void log_letter(const struct dead_letter *letter, enum log_level level, const char *event,
                       const char *reason)
{
    struct log_line line;

    log_begin(&line, letter->scheduler->env->log, level, event);
    log_str(&line, LOG_TOPIC, bus_topic_row(BUS_TIMER)->name);
    log_int(&line, LOG_PARTITION, letter->partition);
    log_int(&line, LOG_OFFSET, letter->offset);
    log_str(&line, LOG_REASON, reason);
    log_end(&line);
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct dead_letter *letter = owner;

    (void)ticket;
    if (!ack->ok)
        log_letter(letter, LOG_ERROR, "dead_not_stored", ack->detail);
    xfree(letter);
}

void dead_publish(struct scheduler *scheduler, const struct bus_delivery *delivery,
                  const char *reason)
{
    struct dead_letter *letter = xalloc(sizeof *letter);
    const char *topic = bus_topic_row(BUS_TIMER)->name;
    struct buf head = {0};

    *letter = (struct dead_letter){.ticket = {.on_acked = on_acked, .owner = letter},
                                   .scheduler = scheduler,
                                   .partition = delivery->partition,
                                   .offset = delivery->offset};
    log_letter(letter, LOG_ERROR, "dead_record", reason);
    metrics_add(scheduler->env->metrics, METRIC_DEAD, METRIC_LABELS(topic, "invalid"), 1);
    record_put_dead(&head, &(struct record_dead){.topic = topic,
                                                 .partition = delivery->partition,
                                                 .offset = delivery->offset,
                                                 .reason = reason,
                                                 .component = "scheduler"});
    struct bus_record record = {
        .topic = BUS_DEAD,
        .partition = 0, /* the only one, by default; order and spread do not matter */
        .key = delivery->key,
        .head = buf_slice(&head),
        .body = delivery->value,
    };
    bus_publish(scheduler->bus, &record, &letter->ticket);
    buf_free(&head);
}
