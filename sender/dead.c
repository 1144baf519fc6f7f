/* SPDX-License-Identifier: Apache-2.0
 * Burying poison records. */
#include "sender/dead.h"

#include "sender/partition.h"

#define HEAD_ROOM ((size_t)4096) /* for the header before the record that is buried */

struct burial {
    struct publication publication;
    struct parcel *parcel;
    const char *reason;
};

void dead_build(const struct parcel *parcel, const char *reason, struct bus_record *record,
                struct buf *head)
{
    record->topic = BUS_DEAD;
    record->key = parcel->work.envelope.mail_id; /* of poison: empty */
    /* A record at the size limit loses its tail: the header must fit in as well. */
    record->body = slice_sub(parcel->value, 0, BUS_RECORD_MAX_BYTES - HEAD_ROOM);
    record_put_dead(head, &(struct record_dead){.topic = bus_topic_row(BUS_WORK)->name,
                                                .partition = parcel->partition->number,
                                                .offset = parcel->offset,
                                                .reason = reason,
                                                .component = "sender"});
}

void dead_tell(const struct parcel *parcel, const char *label, const char *reason)
{
    struct service_env *env = parcel->sender->env;
    struct log_line line;

    metrics_add(env->metrics, METRIC_DEAD, METRIC_LABELS("work", label), 1);
    log_begin(&line, env->log, LOG_ERROR, "dead");
    log_str(&line, LOG_TOPIC, bus_topic_row(BUS_WORK)->name);
    log_int(&line, LOG_PARTITION, parcel->partition->number);
    log_int(&line, LOG_OFFSET, parcel->offset);
    log_str(&line, LOG_REASON, reason);
    log_end(&line);
}

static void build(struct publication *publication, struct bus_record *record, struct buf *head)
{
    struct burial *burial = publication->owner;

    dead_build(burial->parcel, burial->reason, record, head);
}

static void on_durable(struct publication *publication, bool is_refused)
{
    struct burial *burial = publication->owner;

    (void)is_refused; /* there is no further place to put it, and the log line has where it lies */
    parcel_finish(burial->parcel, MARK_NONE); /* it has no parcel id to know it by */
}

void dead_bury(struct parcel *parcel, const char *reason)
{
    struct burial *burial = arena_alloc(parcel->arena, sizeof *burial);

    burial->parcel = parcel;
    burial->reason = arena_str(parcel->arena, slice_str(reason));
    burial->publication = (struct publication){
        .build = build, .on_durable = on_durable, .owner = burial, .is_dispensable = true};
    parcel->state = PARCEL_RECORDING;
    dead_tell(parcel, "undecodable", reason);
    publisher_start(parcel->sender->publisher, &burial->publication);
}
