/* SPDX-License-Identifier: Apache-2.0
 * Hostile text inside a report: replies, HELO names, addresses. Nothing gets in that could end a
 * line, begin a field or leave ASCII. */
#pragma once

#include "proto/record.h"

/* Octets of replies in one diagnostic; the line round it stays below 998. */
#define REPORT_DIAGNOSTIC_MAX 950

/* Printable ASCII; tabs become spaces, other controls vanish, other octets become '?'. */
void report_text_add(struct buf *out, struct slice text);

/* A reply of the remote server decided (otherwise we did, in reply.reason). */
bool report_reply_is_remote(const struct record_reply *reply);
/* The retry period was over (4.4.7), whatever the last reply was. */
bool report_reply_is_expired(const struct record_reply *reply);
/* The remote reply as it came, "550-5.1.1 text": its lines are joined by `joint`. */
void report_reply_add_remote(struct buf *out, const struct record_reply *reply, const char *joint);
/* Our own reason, one line, never empty. */
void report_reply_add_own(struct buf *out, const struct record_reply *reply);
/* "mx1.dest.example.com [192.0.2.25] said (RCPT TO):" */
void report_reply_add_speaker(struct buf *out, const struct record_reply *reply);
/* "5.1.1": the verdict's status, or what the reply code alone says (5.0.0, 4.0.0, 2.0.0). */
void report_reply_add_status(struct buf *out, const struct record_reply *reply,
                             enum record_action action);
