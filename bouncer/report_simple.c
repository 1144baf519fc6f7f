/* SPDX-License-Identifier: Apache-2.0
 * Paragraphs separated by exactly one empty line: an introduction that begins "Hi. This is the",
 * one per recipient that begins with its address alone, a break that begins with "-", and what is
 * returned. The fixed sentences carry the reason to readers that know nothing of our fields. */
#include "bouncer/report_simple.h"

#include "bouncer/report_text.h"

static void add_expired(struct buf *out)
{
    buf_add_str(out, "I'm not going to try again; this message has been in the queue too long. "
                     "(#4.4.7)\r\n");
}

static void add_own_verdict(struct buf *out, const struct record_rcpt *rcpt)
{
    const struct record_reply *reply = &rcpt->last;
    struct slice domain = slice_skip(rcpt->address, slice_rfind(rcpt->address, '@') + 1);

    if (slice_eq(reply->status, SLICE("5.1.2"))) {
        buf_add_str(out, "Sorry, I couldn't find any host named ");
        report_text_add(out, domain);
        buf_add_char(out, '.');
    } else {
        report_reply_add_own(out, reply);
    }
    if (report_reply_is_expired(reply)) {
        buf_add_str(out, "\r\n");
        return;
    }
    buf_add_str(out, " (#");
    report_reply_add_status(out, reply, RECORD_FAILED);
    buf_add_str(out, ")\r\n");
}

static void add_rcpt(struct buf *out, const struct record_rcpt *rcpt)
{
    const struct record_reply *reply = &rcpt->last;

    buf_add_str(out, "\r\n<");
    report_text_add(out, rcpt->address);
    buf_add_str(out, ">:\r\n");
    if (report_reply_is_remote(reply)) {
        report_reply_add_speaker(out, reply);
        buf_add_char(out, ' ');
        report_reply_add_remote(out, reply, "\r\n");
        buf_add_str(out, "\r\n");
    } else {
        add_own_verdict(out, rcpt);
    }
    if (report_reply_is_expired(reply))
        add_expired(out);
}

static void add_returned(struct buf *out, const struct report *report)
{
    if (report->content.kind == CONTENT_NONE)
        return;
    buf_addf(out, "\r\n--- Below this line is a copy of the message%s.\r\n\r\n",
             report->content.kind == CONTENT_FULL ? "" : " headers");
    report_add_content(out, report);
}

void report_simple_build(struct buf *out, const struct report *report,
                         const struct bouncer_settings *settings)
{
    report_add_fields(out, report, settings, "failure notice");
    buf_addf(out,
             "Content-Type: text/plain; charset=us-ascii\r\n"
             "Content-Transfer-Encoding: 7bit\r\n\r\n"
             "Hi. This is the mail relay at %s.\r\n"
             "I was not able to deliver your mail to the following addresses.\r\n"
             "This is a permanent error; no further attempts will be made.\r\n",
             settings->reporting_mta);
    for (size_t i = 0; i < report->rcpt_count; i++)
        add_rcpt(out, report->rcpts[i]);
    add_returned(out, report);
}
