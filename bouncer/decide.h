/* SPDX-License-Identifier: Apache-2.0
 * Who gets a report (docs/bounces.md): pure, a table of NOTIFY against action. */
#pragma once

#include "proto/record.h"

enum decision {
    DECISION_REPORT,        /* about the entitled recipients */
    DECISION_SUPPRESS,      /* nobody is entitled */
    DECISION_DOUBLE_BOUNCE, /* a report failed, or mail from <>: never a report */
};

struct decided {
    enum decision decision;
    /* The failure's recipients in order, each in one of the two. */
    const struct record_rcpt **entitled, **withheld;
    size_t entitled_count, withheld_count;
};

/* RFC 3461 4.1: notify are smtp_notify bits, 0 when none was given. */
bool decide_is_entitled(enum record_action action, unsigned notify);
/* The lists live in the arena and point into the failure. */
struct decided decide_failure(struct arena *arena, const struct record_failure *failure);
