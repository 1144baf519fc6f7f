/* SPDX-License-Identifier: Apache-2.0
 * One log line and its counters for each fate of a failure. */
#include "bouncer/failure_state.h"
#include "bouncer/report.h"

static struct metrics *metrics_of(const struct failure *failure)
{
    return failure->bouncer->env->metrics;
}

static void begin(struct log_line *line, const struct failure *failure, enum log_level level,
                  const char *event)
{
    log_begin(line, failure->bouncer->env->log, level, event);
    log_slice(line, LOG_MAIL_ID, failure->record.work.envelope.mail_id);
    log_slice(line, LOG_PARCEL_ID, failure->record.work.parcel_id);
    log_slice(line, LOG_CONFIG, failure->record.work.envelope.configuration);
    log_slice(line, LOG_SENDER, failure->record.work.envelope.original_from);
}

static const char *format_of(const struct failure *failure)
{
    const struct report report = {.failure = &failure->record, .format = failure->format};
    return report_is_simple(&report) ? "simple" : "multipart";
}

void failure_note_taken(const struct failure *failure)
{
    metrics_add(metrics_of(failure), METRIC_BOUNCER_FAILURES,
                METRIC_LABELS(report_action_name(failure->record.action)),
                failure->record.work.rcpt_count);
}

void failure_note_body_missing(const struct failure *failure)
{
    struct log_line line;

    metrics_add(metrics_of(failure), METRIC_BOUNCER_BODY_MISSING, METRIC_NO_LABELS, 1);
    begin(&line, failure, LOG_WARNING, "body_missing");
    log_end(&line);
}

void failure_note_event(const struct failure *failure, bool is_ok)
{
    const char *name = event_name(failure->events[failure->event_next].kind);

    metrics_add(metrics_of(failure), METRIC_EVENTS, METRIC_LABELS(name, is_ok ? "ok" : "failed"),
                1);
}

void failure_note_not_forwarded(const struct failure *failure, const char *reason)
{
    metrics_add(metrics_of(failure), METRIC_BOUNCER_FORWARD_SKIPPED, METRIC_LABELS(reason), 1);
}

static void note_report(const struct failure *failure, size_t i)
{
    const struct failure_report *report = &failure->reports[i];
    struct metrics *metrics = metrics_of(failure);
    const char *action = report_action_name(failure->record.action);
    struct log_line line;

    metrics_add(metrics, METRIC_BOUNCER_REPORTS,
                METRIC_LABELS(format_of(failure), action, i == 0 ? "rewritten" : "original"), 1);
    metric_observe(metrics_cell(metrics, METRIC_BOUNCER_BYTES, METRIC_NO_LABELS),
                   (double)report->bytes);
    begin(&line, failure, LOG_INFO, i == 0 ? "bounced" : "bounce_forwarded");
    log_slice(&line, LOG_TARGET, report->target);
    log_str(&line, LOG_FORMAT, format_of(failure));
    log_str(&line, LOG_DETAIL, report->id);
    log_str(&line, LOG_REASON, action);
    log_int(&line, LOG_RECIPIENTS, (int64_t)failure->decided.entitled_count);
    log_int(&line, LOG_SIZE_BYTES, (int64_t)report->bytes);
    log_end(&line);
}

void failure_note_reports(const struct failure *failure)
{
    for (size_t i = 0; i < failure->report_count; i++)
        note_report(failure, i);
}

void failure_note_suppressed(const struct failure *failure)
{
    struct log_line line;

    metrics_add(metrics_of(failure), METRIC_BOUNCER_SUPPRESSED, METRIC_LABELS("notify"),
                failure->decided.withheld_count);
    begin(&line, failure, LOG_INFO, "suppressed");
    log_str(&line, LOG_REASON, "notify");
    log_int(&line, LOG_RECIPIENTS, (int64_t)failure->decided.withheld_count);
    log_end(&line);
}

void failure_note_double_bounce(const struct failure *failure)
{
    struct log_line line;

    metrics_add(metrics_of(failure), METRIC_BOUNCER_DOUBLE, METRIC_NO_LABELS, 1);
    begin(&line, failure, LOG_INFO, "double_bounce");
    log_slice(&line, LOG_RCPT, failure->record.work.rcpts[0].address);
    log_str(&line, LOG_REASON, failure->record.work.envelope.is_report ? "report" : "null_sender");
    log_int(&line, LOG_RECIPIENTS, (int64_t)failure->record.work.rcpt_count);
    log_end(&line);
}

void failure_note_dead(const struct failure *failure)
{
    struct log_line line;

    metrics_add(metrics_of(failure), METRIC_DEAD, METRIC_LABELS("failure", "poison"), 1);
    log_begin(&line, failure->bouncer->env->log, LOG_ERROR, "dead");
    log_str(&line, LOG_TOPIC, "failure");
    log_int(&line, LOG_PARTITION, failure->partition);
    log_int(&line, LOG_OFFSET, failure->offset);
    log_str(&line, LOG_REASON, failure->poison);
    log_end(&line);
}
