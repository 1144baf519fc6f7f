/* SPDX-License-Identifier: Apache-2.0
 * Settings of the scheduler: section "scheduler". */
#pragma once

#include "conf/conf.h"

struct scheduler_settings {
    int64_t lease_ms;         /* of a fired timer */
    int64_t rebuild_grace_ms; /* for timers that may have fired before a shard was lost */
    int64_t pop_limit;        /* due timers taken at once, per shard */
    int64_t reap_ms;          /* between looks for expired leases */
    int64_t buffer_bytes;     /* records read from the log and not yet in Redis */
};

extern const struct conf_section SCHEDULER_SECTION;
/* NULL-terminated: everything the scheduler reads. */
extern const struct conf_section *const SCHEDULER_SECTIONS[];
