/* SPDX-License-Identifier: Apache-2.0
 * Making and ending parcels, and the accounts that pause the consumer. */
#include "sender/parcel.h"

#include "base/assert.h"
#include "sender/body.h"
#include "sender/delivery.h"
#include "sender/destination.h"
#include "sender/dispatch.h"
#include "sender/flight.h"
#include "sender/outcome_piece.h"
#include "sender/partition.h"

/* Record, envelope, replies and outcome of a small mail fit into the first block. */
#define ARENA_FIRST_BYTES ((size_t)8192)
#define SPARES_MAX        (sizeof((struct sender *)0)->spare_arenas / sizeof(struct arena *))

static struct arena *arena_take(struct sender *sender)
{
    return sender->spare_count ? sender->spare_arenas[--sender->spare_count]
                               : arena_new(ARENA_FIRST_BYTES);
}

static void arena_put(struct sender *sender, struct arena *arena)
{
    if (sender->spare_count == SPARES_MAX) {
        arena_free(&arena);
        return;
    }
    arena_reset(arena);
    sender->spare_arenas[sender->spare_count++] = arena;
}

struct parcel *parcel_new(struct sender *sender, struct partition *partition,
                          const struct bus_delivery *record)
{
    struct arena *arena = arena_take(sender);
    struct parcel *parcel = arena_alloc(arena, sizeof *parcel);

    parcel->sender = sender;
    parcel->arena = arena;
    parcel->partition = partition;
    parcel->epoch = partition->epoch;
    parcel->offset = record->offset;
    parcel->in_window = partition_in_window(partition, record->offset);
    parcel->value = arena_copy(arena, record->value);
    parcel->taken_ms = loop_now_ms(sender->loop);
    list_init(&parcel->held);
    list_push(&partition->parcels, &parcel->partition_node);
    sender->parcels++;
    sender->inline_bytes += parcel->value.len;
    dispatch_check_pressure(sender);
    return parcel;
}

void parcel_prepare(struct parcel *parcel)
{
    parcel->verdicts =
        arena_alloc(parcel->arena, parcel->work.rcpt_count * sizeof *parcel->verdicts);
    parcel->group = dest_groups_find(parcel->sender->groups, SLICE_NONE, parcel->work.destination);
}

void parcel_free(struct parcel *parcel)
{
    struct sender *sender = parcel->sender;

    if (parcel->in_flight_table)
        flight_leave(sender->flight, &parcel->flight_node);
    list_remove(&parcel->partition->parcels, &parcel->partition_node);
    sender->parcels--;
    sender->inline_bytes -= parcel->value.len;
    arena_put(sender, parcel->arena);
}

static void end(struct parcel *parcel)
{
    struct sender *sender = parcel->sender;
    struct partition *partition = parcel->partition;
    struct list_node *node;

    while ((node = list_shift(&parcel->held))) {
        struct parcel *held = LIST_OWNER(node, struct parcel, queue_node);
        parcel_wait_in(held, PARCEL_HELD, &sender->rechecks);
        dispatch_recheck_later(sender);
    }
    parcel_free(parcel);
    partition_settle(partition);
    dispatch_check_pressure(sender);
}

/* Not parked, and not deferred without an attempt: those come again under the same number. */
static bool is_decided(const struct parcel *parcel)
{
    const struct outcome *outcome = parcel->outcome;

    return outcome && outcome->last != PIECE_TIMER_PARKED &&
           (outcome->has_attempt || outcome->last != PIECE_TIMER_DEFERRED);
}

void parcel_finish(struct parcel *parcel, enum mark mark)
{
    struct partition *partition = parcel->partition;

    if (parcel->work.parcel_id.len)
        flight_note_finished(parcel->sender->flight, &parcel->work, is_decided(parcel));
    if (parcel->epoch == partition->epoch && partition->state != PARTITION_NONE) {
        if (mark != MARK_NONE)
            partition_mark(parcel, mark, SLICE_NONE);
        bus_finish(parcel->sender->consumer, partition->number, parcel->offset);
    }
    end(parcel);
}

void parcel_forget(struct parcel *parcel)
{
    end(parcel);
}

struct record_body parcel_body_ref(const struct parcel *parcel)
{
    if (parcel->work.has_body_ref)
        return parcel->work.body_ref;
    return (struct record_body){.topic = RECORD_BODY_INLINE_OF_WORK,
                                .partition = parcel->partition->number,
                                .first_offset = parcel->offset,
                                .last_offset = parcel->offset,
                                .length = parcel->work.body.len,
                                .crc32c = parcel->work.body_crc32c};
}

bool parcel_is_current(const struct parcel *parcel)
{
    return parcel->partition->state == PARTITION_RUNNING &&
           parcel->epoch == parcel->partition->epoch;
}

bool parcel_is_owned(const struct parcel *parcel)
{
    return parcel_is_current(parcel) &&
           bus_owns(parcel->sender->consumer, parcel->partition->number);
}

void parcel_wait_in(struct parcel *parcel, enum parcel_state state, struct list *list)
{
    parcel->state = state;
    parcel->queue = list;
    list_push(list, &parcel->queue_node);
}

void parcel_wait_ends(struct parcel *parcel)
{
    list_remove(parcel->queue, &parcel->queue_node);
    parcel->queue = NULL;
    parcel->state = PARCEL_TAKEN;
}

const struct configuration *parcel_configuration(const struct parcel *parcel)
{
    return configurations_find(parcel->sender->configurations, parcel->work.envelope.configuration);
}

const char *parcel_group_name(const struct parcel *parcel)
{
    return dest_group_name(parcel->sender->groups, parcel->group);
}

size_t parcel_count(const struct parcel *parcel, enum verdict_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < parcel->work.rcpt_count; i++)
        count += parcel->verdicts[i].kind == kind;
    return count;
}
