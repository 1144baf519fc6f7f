/* SPDX-License-Identifier: Apache-2.0
 * Assignment, marks, revocation. */
#include "sender/partition.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "sender/delivery.h"
#include "sender/destination.h"

/* As many offsets as a predecessor can have had in hand when the log does not tell its end. */
#define WINDOW_MAX    4096
#define REDIS_WAIT_MS 5000

static struct partition *partition_get(struct sender *sender, int32_t number)
{
    size_t i = (size_t)number;

    if (i >= sender->partition_count) {
        size_t count = i + 1;
        sender->partitions = xrealloc(sender->partitions, count * sizeof(struct partition *));
        for (size_t at = sender->partition_count; at < count; at++)
            sender->partitions[at] = NULL;
        sender->partition_count = count;
    }
    if (!sender->partitions[i]) {
        struct partition *partition = xalloc(sizeof *partition);
        partition->sender = sender;
        partition->number = number;
        list_init(&partition->parcels);
        sender->partitions[i] = partition;
    }
    return sender->partitions[i];
}

struct partition *partition_find(struct sender *sender, int32_t number)
{
    return number >= 0 && (size_t)number < sender->partition_count ? sender->partitions[number]
                                                                   : NULL;
}

static void start(struct partition *partition)
{
    struct bus_consumer *consumer = partition->sender->consumer;

    partition->state = PARTITION_RUNNING;
    partition->has_marks = partition->marks.count > 0;
    bus_start(consumer, partition->number, BUS_COMMITTED);
}

static bool may_wait_for_redis(const struct partition *partition)
{
    return loop_now_ms(partition->sender->loop) - partition->assigned_ms < REDIS_WAIT_MS;
}

static void on_loaded(void *owner, bool is_known)
{
    struct partition *partition = owner;

    partition->is_loading = false;
    if (partition->state != PARTITION_LOADING)
        return;
    if (is_known || !may_wait_for_redis(partition))
        start(partition);
}

/* Without the marks a restart sends again what it sent, so a Redis that is just coming up is worth
 * some seconds. */
static void load_marks(struct partition *partition)
{
    if (partition->is_loading) /* its reply will do, even from before this assignment */
        return;
    if (!redis_is_up(partition->sender->redis)) {
        if (!may_wait_for_redis(partition))
            start(partition);
        return;
    }
    partition->is_loading = true;
    partition->load.owner = partition;
    partition->load.on_loaded = on_loaded;
    partition->load.table = &partition->marks;
    marks_load(partition->sender->marks, partition->number, &partition->load);
}

void partitions_load_marks(struct sender *sender)
{
    for (size_t i = 0; i < sender->partition_count; i++)
        if (sender->partitions[i] && sender->partitions[i]->state == PARTITION_LOADING)
            load_marks(sender->partitions[i]);
}

void partition_on_assigned(void *owner, int32_t number)
{
    struct partition *partition = partition_get(owner, number);

    partition->state = PARTITION_LOADING;
    partition->epoch++;
    partition->assigned_ms = loop_now_ms(partition->sender->loop);
    partition->window_end = bus_end_offset(partition->sender->consumer, number);
    partition->has_first = false;
    load_marks(partition);
}

static void release_when_empty(void *owner)
{
    struct partition *partition = owner;

    if (partition->state != PARTITION_REVOKED || partition->parcels.count)
        return;
    partition->state = PARTITION_NONE;
    bus_release(partition->sender->consumer, partition->number);
}

void partition_settle(struct partition *partition)
{
    if (partition->state == PARTITION_REVOKED && !partition->parcels.count)
        loop_later(partition->sender->loop, &partition->settle, release_when_empty, partition);
}

/* is_final: the role ends, nobody waits for a peer's answer. */
static void revoke_parcel(struct parcel *parcel, bool is_final)
{
    switch (parcel->state) {
    case PARCEL_TAKEN:
        parcel->is_forgotten = true;
        return;
    case PARCEL_HELD:
    case PARCEL_UNOWNED:
        parcel_wait_ends(parcel);
        break;
    case PARCEL_QUEUED:
        destination_unqueue(parcel->sender->destinations, parcel);
        break;
    case PARCEL_DELIVERING:
        if (is_final)
            delivery_abandon(parcel);
        else if (!delivery_cancel(parcel))
            return; /* the peer has it all: its answer is worth waiting for */
        break;
    case PARCEL_RECORDING:
        return;
    }
    parcel_forget(parcel);
}

static void revoke_parcels(struct partition *partition, bool is_final)
{
    struct list_node *node, *next;

    for (node = list_first(&partition->parcels); node; node = next) {
        next = list_next(&partition->parcels, node);
        revoke_parcel(LIST_OWNER(node, struct parcel, partition_node), is_final);
    }
}

void partition_on_revoked(void *owner, int32_t number, bool is_lost)
{
    struct partition *partition = partition_find(owner, number);

    ASSERT(partition);
    partition->state = is_lost ? PARTITION_NONE : PARTITION_REVOKED;
    revoke_parcels(partition, false);
    mark_table_clear(&partition->marks);
    partition_settle(partition);
}

void partition_on_committed(void *owner, int32_t number, int64_t next_offset)
{
    struct sender *sender = owner;
    struct partition *partition = partition_find(sender, number);

    if (!partition || !partition->has_marks)
        return;
    marks_trim(sender->marks, number, next_offset);
    /* Marks of what is still in hand will come; without any, nothing is left to trim. */
    partition->has_marks = partition->parcels.count > 0;
}

/* By the first record: the log may not have known its end at the assignment. */
static void set_window(struct partition *partition, int64_t first_offset)
{
    int64_t end = partition->window_end;

    if (end < 0)
        end = bus_end_offset(partition->sender->consumer, partition->number);
    if (end < 0 || end > first_offset + WINDOW_MAX)
        end = first_offset + WINDOW_MAX;
    partition->window_end = end;
    partition->has_first = true;
}

bool partition_in_window(struct partition *partition, int64_t offset)
{
    if (!partition->has_first)
        set_window(partition, offset);
    return offset < partition->window_end;
}

void partition_mark(const struct parcel *parcel, enum mark mark, struct slice bits)
{
    struct partition *partition = parcel->partition;
    const struct mark_place place = {parcel->offset, parcel->work.parcel_id};

    partition->has_marks = true;
    marks_put(partition->sender->marks, partition->number, &place, mark, bits);
}

void partitions_abandon(struct sender *sender)
{
    for (size_t i = 0; i < sender->partition_count; i++) {
        struct partition *partition = sender->partitions[i];
        if (!partition)
            continue;
        partition->state = PARTITION_NONE;
        revoke_parcels(partition, true);
    }
}

void partitions_free(struct sender *sender)
{
    for (size_t i = 0; i < sender->partition_count; i++) {
        struct partition *partition = sender->partitions[i];
        struct list_node *node;
        if (!partition)
            continue;
        while ((node = list_first(&partition->parcels)))
            parcel_free(LIST_OWNER(node, struct parcel, partition_node));
        loop_later_cancel(sender->loop, &partition->settle);
        mark_table_clear(&partition->marks);
        xfree(partition);
    }
    xfree(sender->partitions);
    sender->partitions = NULL;
    sender->partition_count = 0;
}
