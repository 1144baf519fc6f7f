/* SPDX-License-Identifier: Apache-2.0
 * report_build: a report as bytes, from values alone (no I/O, no clock): docs/bounces.md shows the
 * layouts, tests/golden/bounces has them byte for byte. CRLF lines, 7-bit, not dot-stuffed. */
#pragma once

#include "bouncer/content.h"
#include "bouncer/settings.h"
#include "profile/configuration.h"
#include "proto/record.h"

struct report {
    struct slice id;     /* Message-ID and boundary */
    struct slice target; /* To */
    const struct record_failure *failure;
    enum bounce_format format;              /* of reports about failures */
    const struct record_rcpt *const *rcpts; /* entitled ones, each with its last reply */
    size_t rcpt_count;
    struct content content;
    int64_t now_ms;   /* wall clock */
    int zone_minutes; /* all dates are written in it */
};

/* Only failures have the simple form. */
bool report_is_simple(const struct report *report);
void report_build(struct buf *out, const struct report *report,
                  const struct bouncer_settings *settings);

/* "failed", "delayed", "relayed": the Action value and the metric label. */
const char *report_action_name(enum record_action action);
/* From to MIME-Version, the fields both layouts share. */
void report_add_fields(struct buf *out, const struct report *report,
                       const struct bouncer_settings *settings, const char *subject);
/* Return-Path and the returned content; ends with CRLF. */
void report_add_content(struct buf *out, const struct report *report);
