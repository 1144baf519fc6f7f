/* SPDX-License-Identifier: Apache-2.0
 * Events, failures, timers, tombstones. */
#include "sender/outcome_piece.h"

#include "proto/event.h"
#include "sender/dead.h"

struct piece_row {
    void (*build)(const struct parcel *parcel, const struct piece_row *row,
                  struct bus_record *record, struct buf *head);
    enum verdict_kind kind; /* the recipients it is about */
    enum event_kind event;
    const char *word; /* in the derived event id, or the timer's reason */
};

static void keep_rcpts(const struct parcel *parcel, enum verdict_kind kind,
                       struct record_work *work)
{
    size_t count = parcel->work.rcpt_count;

    if (parcel_count(parcel, kind) == count)
        return;
    work->rcpt_count = 0;
    work->rcpts = arena_alloc(parcel->arena, count * sizeof *work->rcpts);
    for (size_t i = 0; i < count; i++)
        if (parcel->verdicts[i].kind == kind)
            work->rcpts[work->rcpt_count++] = parcel->work.rcpts[i];
}

/* The parcel as its records have it: with the attempt that just ended, and only the recipients with
 * that verdict. */
static struct record_work work_about(const struct parcel *parcel, enum verdict_kind kind)
{
    struct record_work work = parcel->work;

    work.attempt += parcel->outcome->has_attempt;
    keep_rcpts(parcel, kind, &work);
    work.has_fence = false;
    work.has_body_ref = true;
    work.body_ref = parcel_body_ref(parcel);
    work.body = SLICE_NONE;
    return work;
}

static void build_event(const struct parcel *parcel, const struct piece_row *row,
                        struct bus_record *record, struct buf *head)
{
    const struct outcome *outcome = parcel->outcome;
    struct record_work work = work_about(parcel, row->kind);
    struct event event = {.kind = row->event,
                          .source = "sender",
                          .pod = parcel->sender->env->pod,
                          .at_ms = outcome->now_ms,
                          .work = &work,
                          .due_ms = row->event == EVENT_DEFERRED ? outcome->due_ms : 0};

    record->topic = BUS_EVENT;
    record->key = parcel->work.envelope.mail_id;
    event_put(head, &event);
}

static void build_failure(const struct parcel *parcel, const struct piece_row *row,
                          struct bus_record *record, struct buf *head)
{
    struct record_failure failure = {.action = RECORD_FAILED,
                                     .work = work_about(parcel, row->kind)};

    failure.event_id = arena_printf(parcel->arena, "%.*s.%u.%s", SLICE_ARGS(parcel->work.parcel_id),
                                    (unsigned)failure.work.attempt, row->word);
    record->topic = BUS_FAILURE;
    record->key = parcel->work.envelope.mail_id;
    record_put_failure(head, &failure);
}

static void build_dead(const struct parcel *parcel, const struct piece_row *row,
                       struct bus_record *record, struct buf *head)
{
    (void)row;
    dead_build(parcel, "the body is gone from the log", record, head);
}

static void build_timer(const struct parcel *parcel, const struct piece_row *row,
                        struct bus_record *record, struct buf *head)
{
    struct record_timer timer = {.due_ms = parcel->outcome->due_ms,
                                 .reason = slice_str(row->word),
                                 .work = work_about(parcel, row->kind)};

    record->topic = BUS_TIMER;
    record->key = parcel->work.parcel_id;
    record_put_timer(head, &timer);
}

static void build_tombstone(const struct parcel *parcel, const struct piece_row *row,
                            struct bus_record *record, struct buf *head)
{
    (void)row;
    (void)head;
    record->topic = BUS_TIMER;
    record->key = parcel->work.parcel_id;
    record->is_tombstone = true;
}

/* clang-format off */
static const struct piece_row ROWS[OUTCOME_PIECES] = {
    [PIECE_EVENT_DELIVERED] = {build_event,     VERDICT_DELIVERED, EVENT_DELIVERED, "delivered"},
    [PIECE_EVENT_DEFERRED]  = {build_event,     VERDICT_DEFERRED,  EVENT_DEFERRED,  "deferred"},
    [PIECE_EVENT_FAILED]    = {build_event,     VERDICT_FAILED,    EVENT_FAILED,    "failed"},
    [PIECE_EVENT_EXPIRED]   = {build_event,     VERDICT_EXPIRED,   EVENT_EXPIRED,   "expired"},
    [PIECE_FAILURE_FAILED]  = {build_failure,   VERDICT_FAILED,    EVENT_KINDS,     "failed"},
    [PIECE_FAILURE_EXPIRED] = {build_failure,   VERDICT_EXPIRED,   EVENT_KINDS,     "expired"},
    [PIECE_DEAD]            = {build_dead,      VERDICT_NONE,      EVENT_KINDS,     ""},
    [PIECE_TIMER_DEFERRED]  = {build_timer,     VERDICT_DEFERRED,  EVENT_KINDS,     "deferred"},
    [PIECE_TIMER_PARKED]    = {build_timer,     VERDICT_NONE,      EVENT_KINDS,     "parked"},
    [PIECE_TOMBSTONE]       = {build_tombstone, VERDICT_NONE,      EVENT_KINDS,     ""},
};
/* clang-format on */

void outcome_piece_build(const struct parcel *parcel, enum outcome_piece piece,
                         struct bus_record *record, struct buf *head)
{
    ROWS[piece].build(parcel, &ROWS[piece], record, head);
}

const char *outcome_piece_event(enum outcome_piece piece)
{
    return ROWS[piece].event == EVENT_KINDS ? NULL : ROWS[piece].word;
}
