/* SPDX-License-Identifier: Apache-2.0
 * The order of durable writes. The records themselves are built in outcome_piece.c, the log line
 * and the figures in outcome_tell.c. */
#include "sender/outcome.h"

#include "net/clock.h"
#include "sender/finding.h"
#include "sender/outcome_piece.h"
#include "sender/outcome_tell.h"
#include "sender/partition.h"
#include "sender/schedule.h"

/* The partition went to somebody else, who reads the record again: a Timer of ours could come
 * behind his tombstone. */
static bool is_taken_away(const struct parcel *parcel)
{
    return parcel->epoch != parcel->partition->epoch || parcel->partition->state == PARTITION_NONE;
}

static void on_piece_built(struct publication *publication, struct bus_record *record,
                           struct buf *head)
{
    const struct outcome_publication *own =
        LIST_OWNER(publication, struct outcome_publication, publication);

    outcome_piece_build(publication->owner, own->piece, record, head);
}

static void publish(struct parcel *parcel, enum outcome_piece piece,
                    void (*on_durable)(struct publication *publication, bool is_refused))
{
    struct outcome_publication *own = arena_alloc(parcel->arena, sizeof *own);

    own->piece = piece;
    own->publication =
        (struct publication){.build = on_piece_built,
                             .on_durable = on_durable,
                             .owner = parcel,
                             .is_dispensable = outcome_piece_event(piece) || piece == PIECE_DEAD};
    parcel->outcome->outstanding++;
    publisher_start(parcel->sender->publisher, &own->publication);
}

static void on_last_durable(struct publication *publication, bool is_refused)
{
    struct parcel *parcel = publication->owner;

    (void)is_refused; /* a timer record is indispensable */
    parcel_finish(parcel, parcel->outcome->mark);
}

static bool is_timer(enum outcome_piece piece)
{
    return piece == PIECE_TIMER_DEFERRED || piece == PIECE_TIMER_PARKED;
}

/* A tombstone is right whoever writes it: every recipient has a durable outcome. */
static void publish_last(struct parcel *parcel)
{
    if (is_timer(parcel->outcome->last) && is_taken_away(parcel))
        parcel_forget(parcel);
    else if (parcel->outcome->last == OUTCOME_PIECES)
        parcel_finish(parcel, parcel->outcome->mark);
    else
        publish(parcel, parcel->outcome->last, on_last_durable);
}

static void on_first_durable(struct publication *publication, bool is_refused)
{
    struct parcel *parcel = publication->owner;
    const struct outcome_publication *own =
        LIST_OWNER(publication, struct outcome_publication, publication);

    outcome_tell_published(parcel, own->piece, !is_refused);
    if (--parcel->outcome->outstanding == 0)
        publish_last(parcel);
}

/* Steps 2 to 4. */
static void publish_all(struct parcel *parcel)
{
    static const enum outcome_piece FIRST[] = {
        PIECE_DEAD,         PIECE_FAILURE_FAILED, PIECE_FAILURE_EXPIRED, PIECE_FAILURE_RELAYED,
        PIECE_EVENT_FAILED, PIECE_EVENT_EXPIRED,  PIECE_EVENT_DEFERRED,  PIECE_EVENT_DELIVERED,
    };

    for (size_t i = 0; i < sizeof FIRST / sizeof *FIRST; i++)
        if (outcome_piece_count(parcel, FIRST[i]))
            publish(parcel, FIRST[i], on_first_durable);
    if (parcel->outcome->outstanding == 0) /* parked, or without events: nothing but the timer */
        publish_last(parcel);
}

static void begin(struct parcel *parcel, bool has_attempt)
{
    struct outcome *outcome = arena_alloc(parcel->arena, sizeof *outcome);

    outcome->has_attempt = has_attempt;
    outcome->now_ms = clock_wall_ms();
    outcome->last = OUTCOME_PIECES;
    outcome->mark = MARK_FINISHED;
    parcel->outcome = outcome;
    parcel->state = PARCEL_RECORDING;
}

static void expire_all(struct parcel *parcel, enum verdict_kind kind)
{
    struct slice reason = arena_printf(parcel->arena, "no connection within %lld s",
                                       (long long)schedule_settings(parcel)->period_s);

    for (size_t i = 0; i < parcel->work.rcpt_count; i++)
        if (parcel->verdicts[i].kind == kind)
            finding_expire(parcel, i, reason);
}

static bool may_have_older_timer(const struct parcel *parcel)
{
    return parcel->work.attempt > 0 || parcel->work.has_fence || parcel->in_window;
}

static void choose_last(struct parcel *parcel)
{
    struct outcome *outcome = parcel->outcome;

    if (parcel_count(parcel, VERDICT_DEFERRED))
        outcome->last = PIECE_TIMER_DEFERRED;
    else if (parcel_count(parcel, VERDICT_NONE))
        outcome->last = PIECE_TIMER_PARKED;
    else if (may_have_older_timer(parcel))
        outcome->last = PIECE_TOMBSTONE;
}

void outcome_record(struct parcel *parcel)
{
    struct retry_plan plan;

    begin(parcel, true);
    if (parcel_count(parcel, VERDICT_DEFERRED)) {
        plan = schedule_plan(parcel, parcel->outcome->now_ms);
        parcel->outcome->due_ms = plan.due_ms;
        if (plan.is_expired)
            expire_all(parcel, VERDICT_DEFERRED);
    }
    if (parcel_count(parcel, VERDICT_DELIVERED) == parcel->work.rcpt_count)
        parcel->outcome->mark = MARK_NONE; /* S is there, and its repeat repeats an event only */
    choose_last(parcel);
    outcome_tell(parcel);
    publish_all(parcel);
}

void outcome_expire(struct parcel *parcel)
{
    begin(parcel, false);
    expire_all(parcel, VERDICT_NONE);
    expire_all(parcel, VERDICT_DEFERRED);
    choose_last(parcel);
    outcome_tell(parcel);
    publish_all(parcel);
}

void outcome_park(struct parcel *parcel, int64_t due_ms)
{
    begin(parcel, false);
    /* One timer per parcel: who was deferred before it had to wait, waits with the others. */
    for (size_t i = 0; i < parcel->work.rcpt_count; i++)
        if (parcel->verdicts[i].kind == VERDICT_DEFERRED)
            parcel->verdicts[i].kind = VERDICT_NONE;
    parcel->outcome->due_ms = due_ms;
    choose_last(parcel);
    publish_all(parcel);
}

void outcome_note_accepted(struct parcel *parcel)
{
    size_t count = parcel->work.rcpt_count;
    size_t accepted = parcel_count(parcel, VERDICT_DELIVERED);
    struct slice bits = SLICE_NONE;

    if (accepted == 0 || is_taken_away(parcel))
        return;
    if (accepted < count) {
        bool *is_set = arena_alloc(parcel->arena, count * sizeof *is_set);
        for (size_t i = 0; i < count; i++)
            is_set[i] = parcel->verdicts[i].kind == VERDICT_DELIVERED;
        bits = mark_bits_put(parcel->arena, is_set, count);
    }
    partition_mark(parcel, accepted == count ? MARK_SENT : MARK_PARTIAL, bits);
}
