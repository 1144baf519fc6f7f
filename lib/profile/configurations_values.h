/* SPDX-License-Identifier: Apache-2.0
 * A configuration as the settings table fills it in. Not for other folders. */
#pragma once

#include "profile/configuration.h"

struct retry_values {
    int64_t interval; /* enum retry_kind */
    int64_t period_s, a_s, b_s, factor_percent, cap_s, jitter_percent;
    const char *const *list_s; /* numbers */
};

struct configuration_values {
    const char *name;
    const char *const *listeners, *const *users, *const *networks;
    int64_t received; /* enum received_mode */
    struct retry_values retry;
    int64_t pool_count, pool_timeout_s;
    const char *source_pool;
    const char *bcc_host;
    int64_t bcc_port;
    int64_t bounce_format; /* enum bounce_format */
    const char *rewrite;
    bool forward_bounces;
};

struct retry_settings retry_of_values(const struct retry_values *values);
/* One of retry.list_s: 1 to RETRY_PERIOD_MAX_S. */
#define RETRY_PERIOD_MAX_S 604800
bool retry_wait_parse(const char *text, uint64_t *ret_s);

/* Rules of the table (configurations_check.c). */
MUST_CHECK int configuration_check_wait(const char *value, struct err *err);
MUST_CHECK int configuration_check(const void *values, struct err *err);
MUST_CHECK int configuration_check_among(const struct conf *conf, size_t i, struct err *err);
