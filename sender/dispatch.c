/* SPDX-License-Identifier: Apache-2.0
 * From record to queue. The mechanism is described in the header. */
#include "sender/dispatch.h"

#include "sender/dead.h"
#include "sender/fanout.h"
#include "sender/flight.h"
#include "sender/outcome.h"
#include "sender/partition.h"
#include "sender/slots.h"

static bool is_over(const struct sender *sender, size_t percent)
{
    return sender->parcels * 100 >= (size_t)sender->settings->in_flight_max * percent ||
           sender->inline_bytes * 100 >= (size_t)sender->settings->body_budget_bytes * percent;
}

void dispatch_check_pressure(struct sender *sender)
{
    if (!sender->consumer)
        return;
    if (!sender->is_paused && is_over(sender, 100)) {
        sender->is_paused = true;
        bus_pause(sender->consumer);
    } else if (sender->is_paused && !is_over(sender, 50)) {
        sender->is_paused = false;
        bus_resume(sender->consumer);
    }
}

static void drop_stale(struct parcel *parcel, const char *reason)
{
    struct sender *sender = parcel->sender;

    metrics_add(sender->env->metrics, METRIC_SENDER_STALE, METRIC_LABELS(reason), 1);
    /* It did not become durable through this record: a second repeat is recognised all the same,
     * by what made this one stale. */
    parcel_finish(parcel, MARK_NONE);
}

static void admit(struct parcel *parcel)
{
    if (parcel->work.destination.len == 0)
        fanout_publish(parcel);
    else if (!parcel_count(parcel, VERDICT_NONE)) /* by the marks */
        outcome_record(parcel);
    else
        slots_queue(parcel);
}

static void on_checked(void *owner, struct timer_index_check *check, enum timer_index_state state)
{
    struct parcel *parcel = owner;

    (void)check;
    if (parcel->is_forgotten || !parcel_is_current(parcel))
        parcel_forget(parcel);
    else if (state == TIMER_INDEX_STALE)
        drop_stale(parcel, "fence");
    else
        admit(parcel);
}

static void check_index(struct parcel *parcel)
{
    struct sender *sender = parcel->sender;
    const struct record_work *work = &parcel->work;
    int32_t shard = work->fence_shard;
    const char *why;

    if (!work->has_fence) {
        if (!bus_is_ready(sender->bus, &why)) {
            admit(parcel);
            return;
        }
        shard = bus_partition_of(sender->bus, BUS_TIMER, work->parcel_id);
    }
    parcel->check = (struct timer_index_check){.owner = parcel, .on_checked = on_checked};
    timer_index_check(sender->redis, &parcel->check, shard, work->parcel_id,
                      work->has_fence ? work->fence : -1);
}

/* Everything that can make the record a repeat, cheapest first. */
static void look_at(struct parcel *parcel)
{
    struct sender *sender = parcel->sender;
    struct map_node *leader;

    if (parcel->mark == MARK_FINISHED) {
        drop_stale(parcel, "mark");
        return;
    }
    leader = flight_find(sender->flight, parcel->work.parcel_id);
    if (leader) {
        parcel_wait_in(parcel, PARCEL_HELD, &MAP_OWNER(leader, struct parcel, flight_node)->held);
        return;
    }
    if (flight_was_finished(sender->flight, &parcel->work)) {
        metric_add(sender->cells.stale_recent, 1);
        parcel_finish(parcel, MARK_NONE);
        return;
    }
    flight_enter(sender->flight, &parcel->flight_node, parcel->work.parcel_id);
    parcel->in_flight_table = true;
    if (parcel->work.destination.len && parcel->mark != MARK_SENT &&
        (parcel->work.has_fence || parcel->in_window))
        check_index(parcel);
    else
        admit(parcel);
}

static void apply_mark(struct parcel *parcel)
{
    struct mark_table *marks = &parcel->partition->marks;
    const struct mark_place place = {parcel->offset, parcel->work.parcel_id};

    parcel->mark = mark_table_find(marks, &place);
    if (parcel->mark != MARK_PARTIAL && parcel->mark != MARK_SENT)
        return;
    for (size_t i = 0; i < parcel->work.rcpt_count; i++)
        if (parcel->mark == MARK_SENT || mark_table_has(marks, &place, i))
            parcel->verdicts[i].kind = VERDICT_DELIVERED;
}

static void dispatch_on_record(void *owner, const struct bus_delivery *record)
{
    struct sender *sender = owner;
    struct partition *partition = partition_find(sender, record->partition);
    struct parcel *parcel;
    struct err err;

    if (!partition || partition->state != PARTITION_RUNNING)
        return;
    parcel = parcel_new(sender, partition, record);
    if (record_get_work(parcel->arena, parcel->value, &parcel->work, &err) < 0) {
        parcel->work = (struct record_work){0};
        dead_bury(parcel, err.text);
        return;
    }
    parcel_prepare(parcel);
    apply_mark(parcel);
    look_at(parcel);
}

static void recheck(void *owner)
{
    struct sender *sender = owner;

    for (size_t left = sender->rechecks.count; left > 0; left--) {
        struct parcel *parcel =
            LIST_OWNER(list_first(&sender->rechecks), struct parcel, queue_node);
        parcel_wait_ends(parcel);
        if (parcel_is_current(parcel))
            look_at(parcel);
        else
            parcel_forget(parcel);
    }
}

void dispatch_recheck_later(struct sender *sender)
{
    loop_later(sender->loop, &sender->recheck, recheck, sender);
}

static void on_left(void *owner)
{
    struct sender *sender = owner;

    sender->consumer = NULL;
    sender->has_left = true;
    loop_timer_start(sender->tick, 0);
}

const struct bus_consumer_ops DISPATCH_OPS = {
    .on_assigned = partition_on_assigned,
    .on_revoked = partition_on_revoked,
    .on_record = dispatch_on_record,
    .on_committed = partition_on_committed,
    .on_left = on_left,
};
