/* SPDX-License-Identifier: Apache-2.0
 * What both layouts share: the header fields (RFC 5321 4.5.5, RFC 3834 3) and the returned
 * content. */
#include "bouncer/report.h"

#include "bouncer/report_multipart.h"
#include "bouncer/report_simple.h"
#include "bouncer/report_text.h"
#include "mail/date.h"

#define MESSAGE_ID_MAX 900

static const char *const ACTIONS[] = {
    [RECORD_FAILED] = "failed",
    [RECORD_DELAYED] = "delayed",
    [RECORD_RELAYED] = "relayed",
};

const char *report_action_name(enum record_action action)
{
    return ACTIONS[action];
}

static void add_from(struct buf *out, const struct bouncer_settings *settings)
{
    if (settings->from[0])
        buf_add_str(out, settings->from);
    else
        buf_addf(out, "Mail Delivery System <MAILER-DAEMON@%s>", settings->reporting_mta);
}

/* A Message-ID too long for a line of our own is not worth a folded one. */
static void add_references(struct buf *out, struct slice message_id)
{
    if (message_id.len == 0 || message_id.len > MESSAGE_ID_MAX)
        return;
    buf_add_str(out, "In-Reply-To: ");
    report_text_add(out, message_id);
    buf_add_str(out, "\r\nReferences: ");
    report_text_add(out, message_id);
    buf_add_str(out, "\r\n");
}

void report_add_fields(struct buf *out, const struct report *report,
                       const struct bouncer_settings *settings, const char *subject)
{
    buf_add_str(out, "From: ");
    add_from(out, settings);
    buf_add_str(out, "\r\nTo: <");
    report_text_add(out, report->target);
    buf_addf(out, ">\r\nSubject: %s\r\nDate: ", subject);
    date_add(out, report->now_ms, report->zone_minutes);
    buf_addf(out, "\r\nMessage-ID: <dsn.%.*s@%s>\r\n", SLICE_ARGS(report->id),
             settings->reporting_mta);
    add_references(out, report->failure->work.envelope.message_id);
    buf_add_str(out, "Auto-Submitted: auto-replied\r\n"
                     "MIME-Version: 1.0\r\n");
}

void report_add_content(struct buf *out, const struct report *report)
{
    buf_add_str(out, "Return-Path: <");
    report_text_add(out, report->failure->work.envelope.from);
    buf_add_str(out, ">\r\n");
    buf_add(out, report->content.bytes);
    if (!slice_ends_nocase(buf_slice(out), SLICE("\r\n")))
        buf_add_str(out, "\r\n");
}

bool report_is_simple(const struct report *report)
{
    return report->format == BOUNCE_SIMPLE && report->failure->action == RECORD_FAILED;
}

void report_build(struct buf *out, const struct report *report,
                  const struct bouncer_settings *settings)
{
    if (report_is_simple(report))
        report_simple_build(out, report, settings);
    else
        report_multipart_build(out, report, settings);
}
