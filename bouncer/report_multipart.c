/* SPDX-License-Identifier: Apache-2.0
 * Three parts in fixed order: text for people, message/delivery-status for programs, what is
 * returned of the original. Field order and blank lines are those that bounce readers expect. */
#include "bouncer/report_multipart.h"

#include "bouncer/report_text.h"
#include "mail/address.h"
#include "mail/date.h"
#include "smtp/params.h"

#define BOUNDARY "=_dsn_"

static const struct {
    const char *subject, *notice;
} WORDS[] = {
    [RECORD_FAILED] =
        {"Undelivered Mail Returned to Sender",
         "The mail you sent could not be delivered to the recipients listed below.\r\n"
         "No further delivery attempts will be made.\r\n"},
    [RECORD_DELAYED] =
        {"Delayed Mail (still being retried)",
         "This is a warning only. You need not send your mail again.\r\n"
         "The mail you sent could not be delivered to the recipients listed below\r\n"
         "yet. Delivery attempts go on.\r\n"},
    [RECORD_RELAYED] =
        {"Successful Mail Delivery Report",
         "The mail you sent was handed over for the recipients listed below. Their\r\n"
         "mail server does not report delivery: this is all that will be known.\r\n"},
};

/* ---- part 1: for people ---- */

static void add_notice_of(struct buf *out, const struct record_rcpt *rcpt)
{
    const struct record_reply *reply = &rcpt->last;

    buf_add_str(out, "\r\n<");
    report_text_add(out, rcpt->address);
    buf_add_str(out, ">:");
    if (report_reply_is_remote(reply)) {
        buf_add_char(out, ' ');
        report_reply_add_speaker(out, reply);
        buf_add_str(out, "\r\n    ");
        report_reply_add_remote(out, reply, "\r\n    ");
    } else {
        buf_add_str(out, "\r\n    ");
        report_reply_add_own(out, reply);
    }
    buf_add_str(out, "\r\n");
    if (report_reply_is_expired(reply))
        buf_add_str(out, "    The retry period of this relay is over.\r\n");
}

static void add_notice(struct buf *out, const struct report *report,
                       const struct bouncer_settings *settings)
{
    buf_addf(out,
             "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
             "This is the mail relay at %s.\r\n\r\n%s",
             settings->reporting_mta, WORDS[report->failure->action].notice);
    for (size_t i = 0; i < report->rcpt_count; i++)
        add_notice_of(out, report->rcpts[i]);
}

/* ---- part 2: for programs ---- */

/* begin: the name and what stands before the text, "Final-Recipient: rfc822; ". */
static void add_text_field(struct buf *out, const char *begin, struct slice text)
{
    buf_add_str(out, begin);
    report_text_add(out, text);
    buf_add_str(out, "\r\n");
}

static void add_date_field(struct buf *out, const char *name, int64_t wall_ms, int zone_minutes)
{
    buf_addf(out, "%s: ", name);
    date_add(out, wall_ms, zone_minutes);
    buf_add_str(out, "\r\n");
}

/* A host name in the DNS has a dot; anything else must not claim to be one. */
static const char *mta_type(struct slice name)
{
    bool is_dns = mail_domain_is_valid(name) && slice_find(name, '.') < name.len;
    return is_dns ? "dns" : "x-local-hostname";
}

static void add_envelope_id(struct buf *out, struct slice envid)
{
    struct buf decoded = {0};

    if (!smtp_xtext_is_valid(envid))
        return;
    smtp_xtext_decode(&decoded, envid);
    add_text_field(out, "Original-Envelope-Id: ", buf_slice(&decoded));
    buf_free(&decoded);
}

/* The client's name and address are hidden wherever the Received field hides them. */
static void add_client(struct buf *out, const struct record_envelope *envelope)
{
    if (!slice_eq(envelope->received_mode, SLICE("normal")) || envelope->helo.len == 0)
        return;
    buf_addf(out, "Received-From-MTA: %s; ", mta_type(envelope->helo));
    report_text_add(out, envelope->helo);
    buf_add_str(out, " (");
    report_text_add(out, envelope->client_ip);
    buf_add_str(out, ")\r\n");
}

static void add_status_of_mail(struct buf *out, const struct report *report,
                               const struct bouncer_settings *settings)
{
    const struct record_envelope *envelope = &report->failure->work.envelope;
    struct slice mta = slice_str(settings->reporting_mta);

    buf_addf(out, "Reporting-MTA: %s; %s\r\n", mta_type(mta), settings->reporting_mta);
    add_envelope_id(out, envelope->envid);
    add_client(out, envelope);
    add_date_field(out, "Arrival-Date", envelope->queued_at_ms, report->zone_minutes);
    add_text_field(out, "X-Hikyaku-Mail-Id: ", envelope->mail_id);
    add_text_field(out, "X-Hikyaku-Sender: rfc822; ", envelope->original_from);
}

/* ORCPT = addr-type ";" xtext; the field carries the decoded address. */
static void add_original_rcpt(struct buf *out, struct slice orcpt)
{
    struct slice address = orcpt;
    struct buf decoded = {0};

    if (!smtp_orcpt_is_valid(orcpt))
        return;
    struct slice type = slice_cut(&address, ';');
    smtp_xtext_decode(&decoded, address);
    buf_add_str(out, "Original-Recipient: ");
    report_text_add(out, type);
    add_text_field(out, "; ", buf_slice(&decoded));
    buf_free(&decoded);
}

/* Remote-MTA is there iff its reply decided: its absence says that the diagnostic is ours. */
static void add_diagnostic(struct buf *out, const struct record_reply *reply)
{
    if (!report_reply_is_remote(reply)) {
        buf_add_str(out, "Diagnostic-Code: x-hikyaku; ");
        report_reply_add_own(out, reply);
        buf_add_str(out, "\r\n");
        return;
    }
    if (reply->mx_host.len)
        add_text_field(out, "Remote-MTA: dns; ", reply->mx_host);
    buf_add_str(out, "Diagnostic-Code: smtp; ");
    report_reply_add_remote(out, reply, "\r\n ");
    buf_add_str(out, "\r\n");
}

static void add_status_of(struct buf *out, const struct report *report,
                          const struct record_rcpt *rcpt)
{
    const struct record_reply *reply = &rcpt->last;
    enum record_action action = report->failure->action;

    buf_add_str(out, "\r\n");
    add_original_rcpt(out, rcpt->orcpt);
    add_text_field(out, "Final-Recipient: rfc822; ", rcpt->address);
    buf_addf(out, "Action: %s\r\nStatus: ", report_action_name(action));
    report_reply_add_status(out, reply, action);
    if (action == RECORD_FAILED && report_reply_is_expired(reply))
        buf_add_str(out, " (retry timeout)");
    buf_add_str(out, "\r\n");
    add_diagnostic(out, reply);
    if (reply->at_ms)
        add_date_field(out, "Last-Attempt-Date", reply->at_ms, report->zone_minutes);
}

static void add_status(struct buf *out, const struct report *report,
                       const struct bouncer_settings *settings)
{
    buf_add_str(out, "Content-Type: message/delivery-status\r\n\r\n");
    add_status_of_mail(out, report, settings);
    for (size_t i = 0; i < report->rcpt_count; i++)
        add_status_of(out, report, report->rcpts[i]);
}

/* ---- the whole ---- */

static void add_boundary(struct buf *out, const struct report *report, const char *end)
{
    buf_addf(out, "--" BOUNDARY "%.*s%s\r\n", SLICE_ARGS(report->id), end);
}

static void add_returned(struct buf *out, const struct report *report)
{
    add_boundary(out, report, "");
    buf_addf(out, "Content-Type: %s\r\n\r\n",
             report->content.kind == CONTENT_FULL ? "message/rfc822" : "text/rfc822-headers");
    report_add_content(out, report);
}

void report_multipart_build(struct buf *out, const struct report *report,
                            const struct bouncer_settings *settings)
{
    report_add_fields(out, report, settings, WORDS[report->failure->action].subject);
    buf_addf(out,
             "Content-Type: multipart/report; report-type=delivery-status;\r\n"
             " boundary=\"" BOUNDARY "%.*s\"\r\n\r\n",
             SLICE_ARGS(report->id));
    add_boundary(out, report, "");
    add_notice(out, report, settings);
    buf_add_str(out, "\r\n");
    add_boundary(out, report, "");
    add_status(out, report, settings);
    buf_add_str(out, "\r\n");
    if (report->content.kind != CONTENT_NONE)
        add_returned(out, report);
    add_boundary(out, report, "--");
}
