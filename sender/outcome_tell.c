/* SPDX-License-Identifier: Apache-2.0
 * Log lines and figures of outcomes. */
#include "sender/outcome_tell.h"

#include "sender/dead.h"
#include "sender/schedule.h"
#include "sender/source.h"

#define MS_PER_S 1000.0

static const char *const NAMES[VERDICT_KINDS] = {
    [VERDICT_NONE] = "parked",   [VERDICT_DELIVERED] = "delivered", [VERDICT_DEFERRED] = "deferred",
    [VERDICT_FAILED] = "failed", [VERDICT_EXPIRED] = "expired",
};

static void log_reply(struct log_line *line, const struct record_reply *reply)
{
    if (reply->mx_host.len) {
        log_slice(line, LOG_MX, reply->mx_host);
        log_slice(line, LOG_MX_IP, reply->mx_ip);
    }
    if (reply->source_ip.len)
        log_slice(line, LOG_SOURCE_IP, reply->source_ip);
    if (reply->code)
        log_int(line, LOG_SMTP_CODE, reply->code);
    log_slice(line, LOG_ENHANCED, reply->status);
    if (reply->text.len)
        log_slice(line, LOG_REPLY, reply->text);
    if (reply->reason.len)
        log_slice(line, LOG_REASON, reply->reason);
}

static void log_delays(struct log_line *line, const struct delays *delays)
{
    static const enum log_field FIELDS[DELAYS] = {
        [DELAY_QUEUE] = LOG_QUEUE, [DELAY_DNS] = LOG_DNS,           [DELAY_CONNECT] = LOG_CONNECT,
        [DELAY_TLS] = LOG_TLS,     [DELAY_TRANSMIT] = LOG_TRANSMIT,
    };

    if (!delays_has_any(delays))
        return;
    log_object_begin(line, LOG_DELAYS);
    for (enum delay delay = 0; delay < DELAYS; delay++)
        if (delays->has[delay])
            log_int(line, FIELDS[delay], (int64_t)delays->ms[delay]);
    log_object_end(line);
}

/* One line for all recipients with that verdict; the first one speaks for them. */
static void log_verdict(const struct parcel *parcel, enum verdict_kind kind, size_t first,
                        size_t count)
{
    const struct record_work *work = &parcel->work;
    const struct record_rcpt *rcpt = &work->rcpts[first];
    struct log_line line;

    log_begin(&line, parcel->sender->env->log, LOG_INFO, NAMES[kind]);
    log_slice(&line, LOG_MAIL_ID, work->envelope.mail_id);
    log_slice(&line, LOG_PARCEL_ID, work->parcel_id);
    log_slice(&line, LOG_CONFIG, work->envelope.configuration);
    log_slice(&line, LOG_SENDER, work->envelope.from);
    log_slice(&line, LOG_RCPT, rcpt->address);
    log_slice(&line, LOG_DEST_DOMAIN, work->destination);
    log_str(&line, LOG_DEST_GROUP, parcel_group_name(parcel));
    log_int(&line, LOG_RECIPIENTS, (int64_t)count);
    log_int(&line, LOG_ATTEMPT, work->attempt + parcel->outcome->has_attempt);
    log_int(&line, LOG_SIZE_BYTES, (int64_t)work->envelope.size_bytes);
    log_int(&line, LOG_DELAY_MS, parcel->outcome->now_ms - work->envelope.queued_at_ms);
    if (parcel->outcome->has_attempt)
        log_delays(&line, &parcel->delays);
    if (rcpt->has_last)
        log_reply(&line, &rcpt->last);
    if (kind == VERDICT_DEFERRED)
        log_int(&line, LOG_DUE, parcel->outcome->due_ms);
    if (record_is_copy(work))
        log_int(&line, LOG_COPY, 1);
    if (parcel->verdicts[first].maybe_duplicate)
        log_int(&line, LOG_UNCERTAIN, 1);
    log_end(&line);
}

static void count_reply(struct metrics *metrics, enum smtp_stage stage, uint32_t code)
{
    static const char *const DIGITS[] = {"", "", "2", "3", "4", "5"};

    if (code >= 200 && code < 600)
        metrics_add(metrics, METRIC_SENDER_REPLIES,
                    METRIC_LABELS(smtp_stage_name(stage), DIGITS[code / 100]), 1);
}

static void count_final(const struct parcel *parcel, enum verdict_kind kind)
{
    const struct sender *sender = parcel->sender;
    double age_s =
        (double)(parcel->outcome->now_ms - parcel->work.envelope.queued_at_ms) / MS_PER_S;

    if (kind == VERDICT_DEFERRED || record_is_copy(&parcel->work))
        return;
    if (kind == VERDICT_DELIVERED)
        metric_observe(sender->cells.in_system_delivered, age_s);
    else
        metric_observe(metrics_cell(sender->env->metrics, METRIC_SENDER_TIME_IN_SYSTEM,
                                    METRIC_LABELS(NAMES[kind])),
                       age_s);
}

static struct metric_cell *attempts_cell(const struct parcel *parcel, const char *result,
                                         const char *reason)
{
    return metrics_cell(
        parcel->sender->env->metrics, METRIC_ATTEMPTS,
        METRIC_LABELS(parcel_group_name(parcel), source_pool_name(parcel), result, reason));
}

/* What most attempts end in is looked up once. */
static struct metric_cell *delivered_cell(const struct parcel *parcel)
{
    struct sender *sender = parcel->sender;
    struct metric_cell **cell = &sender->cells.delivered[parcel->group][source_number(parcel)];

    if (!*cell)
        *cell = attempts_cell(parcel, NAMES[VERDICT_DELIVERED], "reply");
    return *cell;
}

static void count_rcpt(const struct parcel *parcel, size_t i)
{
    const struct sender *sender = parcel->sender;
    struct metrics *metrics = sender->env->metrics;
    const struct verdict *verdict = &parcel->verdicts[i];

    if (record_is_copy(&parcel->work)) {
        metrics_add(metrics, METRIC_SENDER_COPIES, METRIC_LABELS(NAMES[verdict->kind]), 1);
        return;
    }
    if (verdict->kind == VERDICT_EXPIRED)
        metrics_add(metrics, METRIC_SENDER_EXPIRED, METRIC_NO_LABELS, 1);
    if (verdict->maybe_duplicate)
        metrics_add(metrics, METRIC_SENDER_UNCERTAIN, METRIC_NO_LABELS, 1);
    if (!parcel->outcome->has_attempt)
        return;
    if (verdict->error_class == VERDICT_CLASS_BLOCKED)
        metrics_add(metrics, METRIC_SENDER_BLOCKED, METRIC_NO_LABELS, 1);
    if (verdict->kind == VERDICT_DELIVERED) {
        metric_add(delivered_cell(parcel), 1);
        metric_add(sender->cells.reply_delivered, 1);
        return;
    }
    metric_add(attempts_cell(parcel, NAMES[verdict->kind], verdict->reason), 1);
    count_reply(metrics, verdict->stage, parcel->work.rcpts[i].last.code);
}

/* A copy's as well: it takes its time like any other parcel. */
static void observe_attempt(const struct parcel *parcel)
{
    const struct sender *sender = parcel->sender;
    const struct delays *delays = &parcel->delays;

    for (enum delay delay = 0; delay < DELAYS; delay++)
        if (delays->has[delay])
            metric_observe(sender->cells.stages[delay], (double)delays->ms[delay] / MS_PER_S);
    if (!record_is_copy(&parcel->work))
        metric_observe(sender->cells.attempt_number, parcel->work.attempt + 1);
}

/* Goes back to the schedule of its configuration. */
static void count_rescheduled(const struct parcel *parcel)
{
    const char *interval = RETRY_KIND_NAMES[schedule_settings(parcel)->kind];

    metrics_add(parcel->sender->env->metrics, METRIC_SENDER_RESCHEDULED, METRIC_LABELS(interval),
                1);
}

void outcome_tell(const struct parcel *parcel)
{
    if (parcel_count(parcel, VERDICT_DEFERRED))
        count_rescheduled(parcel);
    if (parcel->outcome->has_attempt)
        observe_attempt(parcel);
    for (enum verdict_kind kind = VERDICT_DELIVERED; kind < VERDICT_KINDS; kind++) {
        size_t count = 0, first = 0;
        for (size_t i = parcel->work.rcpt_count; i-- > 0;)
            if (parcel->verdicts[i].kind == kind) {
                first = i;
                count++;
                count_rcpt(parcel, i);
            }
        if (!count)
            continue;
        log_verdict(parcel, kind, first, count);
        count_final(parcel, kind);
    }
}

void outcome_tell_published(const struct parcel *parcel, enum outcome_piece piece, bool is_ok)
{
    const struct sender *sender = parcel->sender;
    const char *event = outcome_piece_event(piece);

    if (piece == PIECE_DEAD)
        dead_tell(parcel, record_is_copy(&parcel->work) ? "copy" : "body",
                  outcome_dead_reason(parcel));
    if (!event)
        return;
    if (is_ok && piece == PIECE_EVENT_DELIVERED)
        metric_add(sender->cells.event_delivered, 1);
    else
        metrics_add(sender->env->metrics, METRIC_EVENTS,
                    METRIC_LABELS(event, is_ok ? "ok" : "failed"), 1);
}
