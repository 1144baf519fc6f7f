/* SPDX-License-Identifier: Apache-2.0
 * The failures of docs/bounces.md as values, for the builders, the decisions and the life of a
 * failure record. */
#pragma once

#include "bouncer/report.h"
#include "bouncer/settings.h"
#include "proto/record.h"

#define SAMPLE_NOW_MS    1457420518000 /* Tue, 8 Mar 2016 16:01:58 +0900 */
#define SAMPLE_ZONE      540
#define SAMPLE_REPORT_ID SLICE("k7q2w5m3x4a6b2c7d3ef")
/* As a static initialiser of a slice. */
#define SAMPLE_ORIGINAL_INIT                                                                       \
    {                                                                                              \
        SAMPLE_ORIGINAL, sizeof SAMPLE_ORIGINAL - 1                                                \
    }
#define SAMPLE_ORIGINAL                                                                            \
    "Received: from a.shop.test by mta01.relay.example;\r\n"                                       \
    " Tue, 8 Mar 2016 16:01:54 +0900\r\n"                                                          \
    "From: Shop <order@shop.test>\r\n"                                                             \
    "To: user1@dest.example.com\r\n"                                                               \
    "Subject: Your order\r\n"                                                                      \
    "Message-ID: <order-1@shop.test>\r\n"                                                          \
    "\r\n"                                                                                         \
    "Thank you.\r\n"                                                                               \
    ".signature\r\n"

struct bouncer_settings sample_settings(void);
/* One recipient, refused with 550 5.1.1. */
struct record_failure *sample_failure(struct arena *arena);
/* Three: refused, expired after 450, own verdict 5.1.2. */
struct record_failure *sample_failure_of_three(struct arena *arena);
/* One pointer per recipient. */
const struct record_rcpt **sample_all(struct arena *arena, const struct record_failure *failure);
/* Of the original: its header alone. */
struct content sample_headers(void);
/* The report on all recipients of a failure, instead of what `out` had. own: target, failure,
 * format and content; the rest is the sample's. */
void sample_report(struct buf *out, struct arena *arena, const struct report *own);
