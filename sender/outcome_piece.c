/* SPDX-License-Identifier: Apache-2.0
 * Events, failures, timers, tombstones. */
#include "sender/outcome_piece.h"

#include "proto/event.h"
#include "sender/dead.h"

struct piece_row {
    void (*build)(const struct parcel *parcel, const struct piece_row *row,
                  struct bus_record *record, struct buf *head);
    bool (*is_about)(const struct parcel *parcel, const struct piece_row *row,
                     const struct verdict *verdict);
    enum verdict_kind kind; /* the recipients it is about */
    enum event_kind event;
    enum record_action action; /* of a failure record; RECORD_RELAYED: only those it is owed to */
    const char *word;          /* in the derived event id, or the timer's reason */
};

static bool is_of_kind(const struct parcel *parcel, const struct piece_row *row,
                       const struct verdict *verdict)
{
    (void)parcel;
    return verdict->kind == row->kind;
}

static bool is_told(const struct parcel *parcel, const struct piece_row *row,
                    const struct verdict *verdict)
{
    return !parcel->sender->env->without_events && is_of_kind(parcel, row, verdict);
}

/* Nobody gets a report about a copy: it could only confuse the sender of the mail. */
static bool is_owed(const struct parcel *parcel, const struct piece_row *row,
                    const struct verdict *verdict)
{
    return !record_is_copy(&parcel->work) && verdict->kind == row->kind &&
           (row->action != RECORD_RELAYED || verdict->owes_relayed);
}

/* No failure record will keep it: a body that cannot be read again, a copy that was refused. */
static bool is_buried(const struct parcel *parcel, const struct piece_row *row,
                      const struct verdict *verdict)
{
    bool is_failed = verdict->kind == VERDICT_FAILED;

    (void)row;
    if (record_is_copy(&parcel->work))
        return is_failed || verdict->kind == VERDICT_EXPIRED;
    return is_failed && verdict->is_body_lost;
}

static size_t count_about(const struct parcel *parcel, const struct piece_row *row)
{
    size_t count = 0;

    for (size_t i = 0; i < parcel->work.rcpt_count; i++)
        count += row->is_about(parcel, row, &parcel->verdicts[i]);
    return count;
}

static void keep_rcpts(const struct parcel *parcel, const struct piece_row *row,
                       struct record_work *work)
{
    size_t count = parcel->work.rcpt_count;

    if (count_about(parcel, row) == count)
        return;
    work->rcpt_count = 0;
    work->rcpts = arena_alloc(parcel->arena, count * sizeof *work->rcpts);
    for (size_t i = 0; i < count; i++)
        if (row->is_about(parcel, row, &parcel->verdicts[i]))
            work->rcpts[work->rcpt_count++] = parcel->work.rcpts[i];
}

/* The parcel as its records have it: with the attempt that just ended, and only the recipients the
 * record is about. */
static struct record_work work_about(const struct parcel *parcel, const struct piece_row *row)
{
    struct record_work work = parcel->work;

    work.attempt += parcel->outcome->has_attempt;
    keep_rcpts(parcel, row, &work);
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
    struct record_work work = work_about(parcel, row);
    struct event event = {.kind = row->event,
                          .source = "sender",
                          .pod = parcel->sender->env->pod,
                          .at_ms = outcome->now_ms,
                          .work = &work,
                          .due_ms = row->event == EVENT_DEFERRED ? outcome->due_ms : 0,
                          .dest_group = slice_str(parcel_group_name(parcel)),
                          .delays = outcome->has_attempt ? &parcel->delays : NULL};

    record->topic = BUS_EVENT;
    record->key = parcel->work.envelope.mail_id;
    event_put(head, &event);
}

static void build_failure(const struct parcel *parcel, const struct piece_row *row,
                          struct bus_record *record, struct buf *head)
{
    struct record_failure failure = {.action = row->action, .work = work_about(parcel, row)};

    failure.event_id = arena_printf(parcel->arena, "%.*s.%u.%s", SLICE_ARGS(parcel->work.parcel_id),
                                    (unsigned)failure.work.attempt, row->word);
    record->topic = BUS_FAILURE;
    record->key = parcel->work.envelope.mail_id;
    record_put_failure(head, &failure);
}

static const struct record_rcpt *first_buried(const struct parcel *parcel)
{
    size_t i = 0;

    while (i + 1 < parcel->work.rcpt_count && !is_buried(parcel, NULL, &parcel->verdicts[i]))
        i++;
    return &parcel->work.rcpts[i];
}

const char *outcome_dead_reason(const struct parcel *parcel)
{
    const struct record_reply *last = &first_buried(parcel)->last;
    struct slice why = last->text.len ? last->text : last->reason;

    if (!record_is_copy(&parcel->work))
        return "the body is gone from the log";
    return arena_str(parcel->arena,
                     arena_printf(parcel->arena, "the copy for %.*s was given up: %.*s",
                                  SLICE_ARGS(parcel->work.destination), SLICE_ARGS(why)));
}

static void build_dead(const struct parcel *parcel, const struct piece_row *row,
                       struct bus_record *record, struct buf *head)
{
    (void)row;
    dead_build(parcel, outcome_dead_reason(parcel), record, head);
}

static void build_timer(const struct parcel *parcel, const struct piece_row *row,
                        struct bus_record *record, struct buf *head)
{
    struct record_timer timer = {.due_ms = parcel->outcome->due_ms,
                                 .reason = slice_str(row->word),
                                 .work = work_about(parcel, row)};

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
#define EVENT(kind, word)           {build_event, is_told, VERDICT_##kind, EVENT_##kind, RECORD_FAILED, word}
#define FAILURE(kind, action, word) {build_failure, is_owed, VERDICT_##kind, EVENT_KINDS, RECORD_##action, word}
#define TIMER(build, kind, word)    {build, is_of_kind, VERDICT_##kind, EVENT_KINDS, RECORD_FAILED, word}

static const struct piece_row ROWS[OUTCOME_PIECES] = {
    [PIECE_EVENT_DELIVERED]  = EVENT(DELIVERED, "delivered"),
    [PIECE_EVENT_DEFERRED]   = EVENT(DEFERRED, "deferred"),
    [PIECE_EVENT_FAILED]     = EVENT(FAILED, "failed"),
    [PIECE_EVENT_EXPIRED]    = EVENT(EXPIRED, "expired"),
    [PIECE_FAILURE_FAILED]   = FAILURE(FAILED, FAILED, "failed"),
    [PIECE_FAILURE_EXPIRED]  = FAILURE(EXPIRED, FAILED, "expired"),
    [PIECE_FAILURE_RELAYED]  = FAILURE(DELIVERED, RELAYED, "relayed"),
    [PIECE_DEAD]             = {build_dead, is_buried, VERDICT_NONE, EVENT_KINDS, RECORD_FAILED, ""},
    [PIECE_TIMER_DEFERRED]   = TIMER(build_timer, DEFERRED, "deferred"),
    [PIECE_TIMER_PARKED]     = TIMER(build_timer, NONE, "parked"),
    [PIECE_TOMBSTONE]        = TIMER(build_tombstone, NONE, ""),
};
/* clang-format on */

size_t outcome_piece_count(const struct parcel *parcel, enum outcome_piece piece)
{
    return count_about(parcel, &ROWS[piece]);
}

void outcome_piece_build(const struct parcel *parcel, enum outcome_piece piece,
                         struct bus_record *record, struct buf *head)
{
    ROWS[piece].build(parcel, &ROWS[piece], record, head);
}

const char *outcome_piece_event(enum outcome_piece piece)
{
    return ROWS[piece].event == EVENT_KINDS ? NULL : ROWS[piece].word;
}
