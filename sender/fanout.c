/* SPDX-License-Identifier: Apache-2.0
 * Splitting by destination, publishing the parts. */
#include "sender/fanout.h"

#include <stdlib.h>

#include "bus/place.h"
#include "sender/publisher.h"

#define FANOUT_ALONG_BYTES ((size_t)128 * 1024) /* of content, in all parts of a mail together */

struct fanout_publication {
    struct publication publication;
    struct fanout *fanout;
    size_t part;
};

struct fanout {
    struct parcel *parcel;
    struct fanout_split split;
    size_t outstanding;
};

struct sorted_rcpt {
    struct slice destination;
    const struct record_rcpt *rcpt;
};

static int compare(const void *a, const void *b)
{
    const struct sorted_rcpt *left = a, *right = b;
    int by_destination = slice_cmp(left->destination, right->destination);

    if (by_destination)
        return by_destination;
    return (left->rcpt->index > right->rcpt->index) - (left->rcpt->index < right->rcpt->index);
}

static struct sorted_rcpt *sort(struct arena *arena, const struct record_work *work,
                                struct slice home)
{
    struct sorted_rcpt *sorted = arena_alloc(arena, work->rcpt_count * sizeof *sorted);

    for (size_t i = 0; i < work->rcpt_count; i++) {
        sorted[i].rcpt = &work->rcpts[i];
        sorted[i].destination = record_destination(arena, work->rcpts[i].address);
        if (!sorted[i].destination.len)
            sorted[i].destination = home;
    }
    qsort(sorted, work->rcpt_count, sizeof *sorted, compare);
    return sorted;
}

/* The recipient goes to the last part, or to a new one where that is full or another's. */
static void add(struct fanout_split *split, size_t first_part, struct slice destination,
                const struct record_rcpt *rcpt)
{
    struct fanout_part *part = NULL;
    size_t place = 0;

    if (split->part_count) {
        part = &split->parts[split->part_count - 1];
        place = part->first + part->count;
    }
    if (split->part_count == first_part || part->count == RECORD_RCPTS_MAX ||
        !slice_eq(part->destination, destination)) {
        part = &split->parts[split->part_count++];
        *part = (struct fanout_part){.destination = destination, .first = place};
    }
    split->rcpts[place] = *rcpt;
    part->count++;
}

/* All of them, whatever their domains; an archive owes nobody a report. */
static void add_copy(struct arena *arena, const struct record_work *work,
                     struct fanout_split *split)
{
    struct slice destination = record_copy_destination(arena, &work->copy);

    for (size_t i = 0; i < work->rcpt_count; i++) {
        const struct record_rcpt rcpt = {.index = work->rcpts[i].index,
                                         .address = work->rcpts[i].address};
        add(split, split->first_copy, destination, &rcpt);
    }
}

struct fanout_split fanout_split(struct arena *arena, const struct record_work *work,
                                 struct slice home)
{
    const struct sorted_rcpt *sorted = sort(arena, work, home);
    size_t most = work->rcpt_count * (work->copy.host.len ? 2 : 1);
    struct fanout_split split = {.parts = arena_alloc(arena, most * sizeof *split.parts),
                                 .rcpts = arena_alloc(arena, most * sizeof *split.rcpts)};

    for (size_t i = 0; i < work->rcpt_count; i++)
        add(&split, 0, sorted[i].destination, sorted[i].rcpt);
    split.first_copy = split.part_count;
    if (work->copy.host.len)
        add_copy(arena, work, &split);
    return split;
}

/* As submitted: an archive keeps what was sent, and reports about the copy go nowhere. */
static void restore_envelope(struct record_envelope *envelope)
{
    envelope->from = envelope->original_from;
    envelope->rewrite_rule = SLICE_NONE;
    envelope->ret = 0;
    envelope->envid = SLICE_NONE;
}

struct record_work fanout_part_work(struct arena *arena, const struct record_work *whole,
                                    const struct fanout_split *split, size_t part)
{
    bool is_copy = part >= split->first_copy;
    size_t number = is_copy ? part - split->first_copy : part;
    struct record_work work = *whole;

    work.parcel_id = arena_printf(arena, is_copy ? "%.*s-c%zu" : "%.*s-%zu",
                                  SLICE_ARGS(whole->envelope.mail_id), number);
    work.destination = split->parts[part].destination;
    work.rcpts = &split->rcpts[split->parts[part].first];
    work.rcpt_count = split->parts[part].count;
    work.attempt = 0;
    work.has_fence = false;
    if (is_copy)
        restore_envelope(&work.envelope);
    else
        work.copy = (struct record_copy){0};
    return work;
}

/* Whether the content goes with each part: written again, it spares every one of them a read. */
static bool goes_along(const struct fanout *fanout)
{
    const struct record_work *work = &fanout->parcel->work;

    return !work->has_body_ref && work->body.len <= FANOUT_ALONG_BYTES / fanout->split.part_count;
}

static void build(struct publication *publication, struct bus_record *record, struct buf *head)
{
    struct fanout_publication *own = publication->owner;
    struct fanout *fanout = own->fanout;
    struct parcel *parcel = fanout->parcel;
    struct record_work work =
        fanout_part_work(parcel->arena, &parcel->work, &fanout->split, own->part);

    if (goes_along(fanout)) {
        record->body = work.body;
    } else {
        work.has_body_ref = true;
        work.body_ref = parcel_body_ref(parcel);
    }
    record->topic = BUS_WORK;
    record->partition = bus_place_of_repeatable(parcel->sender->bus, parcel->sender->work, &work);
    record->key = work.destination;
    record_put_work(head, &work);
}

static void on_durable(struct publication *publication, bool is_refused)
{
    const struct fanout_publication *own = publication->owner;
    struct fanout *fanout = own->fanout;

    (void)is_refused; /* a part is indispensable */
    if (--fanout->outstanding == 0)
        parcel_finish(fanout->parcel, MARK_FINISHED);
}

static void publish_part(struct fanout *fanout, size_t part)
{
    struct fanout_publication *own = arena_alloc(fanout->parcel->arena, sizeof *own);

    own->fanout = fanout;
    own->part = part;
    own->publication = (struct publication){.build = build, .on_durable = on_durable, .owner = own};
    publisher_start(fanout->parcel->sender->publisher, &own->publication);
}

void fanout_publish(struct parcel *parcel)
{
    struct fanout *fanout = arena_alloc(parcel->arena, sizeof *fanout);

    parcel->state = PARCEL_RECORDING;
    fanout->parcel = parcel;
    fanout->split =
        fanout_split(parcel->arena, &parcel->work, slice_str(parcel->sender->settings->hostname));
    fanout->outstanding = fanout->split.part_count;
    for (size_t i = 0; i < fanout->split.part_count; i++)
        publish_part(fanout, i);
}
