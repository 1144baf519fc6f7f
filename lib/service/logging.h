/* SPDX-License-Identifier: Apache-2.0
 * Section "logging": how much log lines tell. All of it is live; what tells more than usual ends by
 * itself at a time that the file names. */
#pragma once

#include "base/log.h"
#include "conf/conf.h"

struct logging_settings {
    int64_t level;     /* enum log_level */
    int64_t addresses; /* enum logging_addresses */
    int64_t lines_per_second;
    const char *debug_until;                                      /* logging_until_us */
    const char *const *trace_clients, *const *trace_destinations; /* tracing.h */
    const char *trace_until;                                      /* logging_until_us */
};

enum logging_addresses { LOGGING_FULL, LOGGING_DOMAIN };

extern const struct conf_section LOGGING_SECTION;

/* A time that the table accepted, in us since the epoch; 0 for "". */
int64_t logging_until_us(const char *text);
/* At the start, and each time the file was read again. On the log's thread. */
void logging_apply(struct log *log, const struct conf *conf);
