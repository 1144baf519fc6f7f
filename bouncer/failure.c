/* SPDX-License-Identifier: Apache-2.0
 * The steps of a failure, last one first: each publishes or reads, and its callback goes on with
 * the next. BOUNCE of docs/reliability.md: reports, events, then the record is finished. */
#include "bouncer/failure.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "bouncer/failure_state.h"
#include "bouncer/forward.h"
#include "bouncer/report.h"
#include "mail/date.h"
#include "net/clock.h"

#define ARENA_BYTES 8192

static struct failure *failure_of(struct list_node *node)
{
    return LIST_OWNER(node, struct failure, node);
}

/* ---- moving on ---- */

static void failure_free(struct failure *failure, struct list *list)
{
    list_remove(list, &failure->node);
    original_free(&failure->original);
    arena_free(&failure->arena);
    xfree(failure);
}

static void end(struct failure *failure)
{
    struct bouncer *bouncer = failure->bouncer;

    if (!failure->is_lost && bouncer->consumer)
        bus_finish(bouncer->consumer, failure->partition, failure->offset);
    failure_free(failure, &bouncer->working);
    bouncer_on_ended(bouncer);
}

/* The step could not be done now: again at the next tick. */
static void rest(struct failure *failure)
{
    if (failure->is_lost) {
        end(failure);
        return;
    }
    list_remove(&failure->bouncer->working, &failure->node);
    list_push(&failure->bouncer->resting, &failure->node);
}

static void go_on(struct failure *failure, void (*step)(struct failure *failure))
{
    const char *why;

    failure->step = step;
    if (!failure->is_lost && bus_is_ready(failure->bouncer->bus, &why))
        step(failure);
    else
        rest(failure);
}

/* ---- a record that cannot be worked on ---- */

static void on_buried(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct failure *failure = owner;

    (void)ticket;
    if (!ack->ok && ack->kind != ERR_INVALID) {
        rest(failure);
        return;
    }
    failure_note_dead(failure);
    end(failure);
}

static void bury(struct failure *failure)
{
    struct bus *bus = failure->bouncer->bus;
    struct buf head = {0};

    record_put_dead(&head, &(struct record_dead){.topic = bus_topic_row(BUS_FAILURE)->name,
                                                 .partition = failure->partition,
                                                 .offset = failure->offset,
                                                 .reason = failure->poison,
                                                 .component = "bouncer"});
    const struct bus_record record = {
        .topic = BUS_DEAD,
        .partition = bus_partition_of(bus, BUS_DEAD, SLICE_NONE),
        .head = buf_slice(&head),
        /* Cut where it would not fit: what is poison need not be kept whole. */
        .body = slice_sub(failure->value, 0, BUS_RECORD_MAX_BYTES - head.len),
    };
    failure->ticket = (struct bus_ticket){.on_acked = on_buried, .owner = failure};
    bus_publish(bus, &record, &failure->ticket);
    buf_free(&head);
}

static void condemn(struct failure *failure, const char *why)
{
    failure->poison = arena_str(failure->arena, slice_str(why));
    go_on(failure, bury);
}

/* ---- events, and the end ---- */

static void note_end(const struct failure *failure)
{
    if (failure->decided.decision == DECISION_DOUBLE_BOUNCE) {
        failure_note_double_bounce(failure);
        return;
    }
    if (failure->decided.decision == DECISION_REPORT)
        failure_note_reports(failure);
    if (failure->decided.withheld_count > 0)
        failure_note_suppressed(failure);
}

static void close_case(struct failure *failure)
{
    note_end(failure);
    end(failure);
}

static void on_event_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct failure *failure = owner;

    (void)ticket;
    if (!ack->ok && ack->kind != ERR_INVALID) {
        rest(failure);
        return;
    }
    failure_note_event(failure, ack->ok);
    failure->event_next++;
    if (failure->event_next < failure->event_count)
        go_on(failure, failure->step);
    else
        close_case(failure);
}

static void publish_event(struct failure *failure)
{
    struct bus *bus = failure->bouncer->bus;
    struct slice key = failure->record.work.envelope.mail_id;
    struct buf value = {0};

    event_put(&value, &failure->events[failure->event_next]);
    const struct bus_record record = {
        .topic = BUS_EVENT,
        .partition =
            bus_partition_of_moment(bus, BUS_EVENT, loop_now_ms(failure->bouncer->env->loop)),
        .key = key,
        .head = buf_slice(&value),
    };
    failure->ticket = (struct bus_ticket){.on_acked = on_event_acked, .owner = failure};
    bus_publish(bus, &record, &failure->ticket);
    buf_free(&value);
}

static struct event *add_event(struct failure *failure, enum event_kind kind,
                               const struct record_rcpt *const *rcpts, size_t rcpt_count)
{
    ASSERT(failure->event_count < FAILURE_EVENTS_MAX);
    struct event *event = &failure->events[failure->event_count++];
    *event = (struct event){
        .kind = kind,
        .source = "bouncer",
        .pod = failure->bouncer->env->pod,
        .at_ms = clock_wall_ms(),
        .work = &failure->record.work,
        .rcpts = rcpts,
        .rcpt_count = rcpt_count,
    };
    return event;
}

static void add_report_events(struct failure *failure)
{
    const struct decided *decided = &failure->decided;

    for (size_t i = 0; i < failure->report_count; i++) {
        enum event_kind kind = i == 0 ? EVENT_BOUNCED : EVENT_BOUNCE_FORWARDED;
        struct event *event = add_event(failure, kind, decided->entitled, decided->entitled_count);
        event->report_id = slice_str(failure->reports[i].id);
    }
}

/* Everything durable but the events that say so. */
static void tell(struct failure *failure)
{
    const struct decided *decided = &failure->decided;

    if (failure->bouncer->env->without_events) {
        close_case(failure);
        return;
    }
    if (decided->decision == DECISION_DOUBLE_BOUNCE)
        (void)add_event(failure, EVENT_DOUBLE_BOUNCE, NULL, 0);
    if (decided->decision == DECISION_REPORT)
        add_report_events(failure);
    if (decided->decision != DECISION_DOUBLE_BOUNCE && decided->withheld_count > 0)
        (void)add_event(failure, EVENT_SUPPRESSED, decided->withheld, decided->withheld_count);
    go_on(failure, publish_event);
}

/* ---- the reports, one after the other ---- */

/* The log will never take it. Its copy is not worth losing the report that is on its way. */
static void give_up_report(struct failure *failure)
{
    if (failure->report_next == 0) {
        condemn(failure, "its report does not fit into the log");
        return;
    }
    failure->report_count = failure->report_next;
    failure_note_not_forwarded(failure, "refused");
    tell(failure);
}

static void on_published(void *owner, struct publication *publication, bool is_ok,
                         enum err_kind kind)
{
    struct failure *failure = owner;

    (void)publication;
    if (!is_ok && kind == ERR_INVALID)
        give_up_report(failure);
    else if (!is_ok)
        rest(failure);
    else if (++failure->report_next < failure->report_count)
        go_on(failure, failure->step);
    else
        tell(failure);
}

static void publish_report(struct failure *failure)
{
    publish_start(&failure->reports[failure->report_next].publication, failure->bouncer->bus);
}

static void build_report(struct failure *failure, struct failure_report *report, int64_t now_ms)
{
    const struct bouncer *bouncer = failure->bouncer;
    const struct report form = {
        .id = slice_str(report->id),
        .target = report->target,
        .failure = &failure->record,
        .format = failure->format,
        .rcpts = failure->decided.entitled,
        .rcpt_count = failure->decided.entitled_count,
        .content = failure->content,
        .now_ms = now_ms,
        .zone_minutes = date_local_zone(now_ms),
    };
    struct buf lines = {0};

    report_build(&lines, &form, bouncer->settings);
    const struct publish_mail mail = {
        .id = form.id,
        .target = report->target,
        .original = &failure->record.work.envelope,
        .now_ms = now_ms,
        .lines = buf_slice(&lines),
    };
    publish_prepare(&report->publication, failure->arena, bouncer->work, &mail);
    report->publication.on_published = on_published;
    report->publication.owner = failure;
    report->bytes = lines.len;
    buf_free(&lines);
}

static void build_reports(struct failure *failure)
{
    int64_t now_ms = clock_wall_ms();

    for (size_t i = 0; i < failure->report_count; i++)
        build_report(failure, &failure->reports[i], now_ms);
    go_on(failure, publish_report);
}

/* ---- the original ---- */

static void on_read(void *owner, struct original *original, enum original_result result)
{
    struct failure *failure = owner;

    if (result == ORIGINAL_FAILED) {
        rest(failure);
        return;
    }
    if (result == ORIGINAL_READ)
        failure->content =
            content_choose(failure->arena, buf_slice(&original->lines), original->wants_whole,
                           (size_t)failure->bouncer->settings->return_limit_bytes);
    else
        failure_note_body_missing(failure);
    build_reports(failure);
}

static void read_original(struct failure *failure)
{
    const struct bouncer *bouncer = failure->bouncer;

    original_read(&failure->original, bouncer->bus, &failure->record.work,
                  content_wants_whole(&failure->record, bouncer->settings));
}

static void add_report(struct failure *failure, struct slice target)
{
    const struct decided *decided = &failure->decided;

    ASSERT(failure->report_count < FAILURE_REPORTS_MAX);
    struct failure_report *report = &failure->reports[failure->report_count++];
    report->target = target;
    publish_report_id(&failure->record, decided->entitled, decided->entitled_count, target,
                      report->id);
}

static void add_reports(struct failure *failure)
{
    const struct record_envelope *envelope = &failure->record.work.envelope;
    const struct configurations *configurations = failure->bouncer->configurations;
    const struct configuration *configuration =
        configurations_find(configurations, envelope->configuration);
    const struct forward_settings forward = configurations_forward(configurations, configuration);
    enum forward_verdict verdict = forward_judge(&forward, envelope);

    failure->format = configuration->bounce_format;
    add_report(failure, envelope->from);
    if (verdict == FORWARD_YES)
        add_report(failure, envelope->original_from);
    else
        failure_note_not_forwarded(failure, forward_verdict_name(verdict));
}

static void begin_reports(struct failure *failure)
{
    add_reports(failure);
    failure->original.on_read = on_read;
    failure->original.owner = failure;
    if (failure->record.work.has_body_ref) {
        go_on(failure, read_original);
        return;
    }
    failure_note_body_missing(failure);
    build_reports(failure);
}

/* ---- taking ---- */

static void decide(struct failure *failure)
{
    struct err err;

    if (record_get_failure(failure->arena, failure->value, &failure->record, &err)) {
        condemn(failure, err.text);
        return;
    }
    const struct record_envelope *envelope = &failure->record.work.envelope;
    failure->decided = decide_failure(failure->arena, &failure->record);
    failure_note_taken(failure);
    if (failure->decided.decision != DECISION_REPORT)
        tell(failure);
    else if (record_destination(failure->arena, envelope->from).len == 0 ||
             slice_find(envelope->from, '@') == envelope->from.len)
        condemn(failure, "the return path has no domain");
    else
        begin_reports(failure);
}

void failure_on_record(void *owner, const struct bus_delivery *delivery)
{
    struct bouncer *bouncer = owner;
    struct failure *failure = xalloc(sizeof *failure);

    failure->bouncer = bouncer;
    failure->arena = arena_new(ARENA_BYTES);
    failure->partition = delivery->partition;
    failure->offset = delivery->offset;
    failure->value = arena_copy(failure->arena, delivery->value);
    list_push(&bouncer->working, &failure->node);
    decide(failure);
}

/* ---- all failures in hand ---- */

void failure_resume_all(struct bouncer *bouncer)
{
    size_t count = bouncer->resting.count;
    const char *why;

    if (!bus_is_ready(bouncer->bus, &why))
        return;
    for (; count > 0; count--) {
        struct list_node *node = list_shift(&bouncer->resting);
        list_push(&bouncer->working, node);
        failure_of(node)->step(failure_of(node));
    }
}

size_t failure_count(const struct bouncer *bouncer)
{
    return bouncer->working.count + bouncer->resting.count;
}

static bool is_in(const struct list *list, int32_t partition)
{
    struct list_node *node = list_first(list);

    while (node && (failure_of(node)->partition != partition || failure_of(node)->is_lost))
        node = list_next(list, node);
    return node != NULL;
}

bool failure_has_partition(const struct bouncer *bouncer, int32_t partition)
{
    return is_in(&bouncer->working, partition) || is_in(&bouncer->resting, partition);
}

void failure_lose(struct bouncer *bouncer, int32_t partition)
{
    struct list_node *node, *next;

    for (node = list_first(&bouncer->working); node; node = list_next(&bouncer->working, node))
        if (failure_of(node)->partition == partition)
            failure_of(node)->is_lost = true;
    for (node = list_first(&bouncer->resting); node; node = next) {
        next = list_next(&bouncer->resting, node);
        if (failure_of(node)->partition == partition)
            failure_free(failure_of(node), &bouncer->resting);
    }
}

void failure_drop_all(struct bouncer *bouncer)
{
    struct list_node *node;

    while ((node = list_first(&bouncer->working)))
        failure_free(failure_of(node), &bouncer->working);
    while ((node = list_first(&bouncer->resting)))
        failure_free(failure_of(node), &bouncer->resting);
}
