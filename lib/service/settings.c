/* SPDX-License-Identifier: Apache-2.0
 * The table of section "service". */
#include "service/settings.h"

#include <stdlib.h>
#include <string.h>

#include "net/address.h"

static int check_ops_address(const char *value, struct err *err)
{
    struct net_address address;

    return value[0] ? net_address_parse_port(slice_str(value), 0, &address, err) : 0;
}

/* A configuration of a test must not reach production, where it would give up mails early. */
static int check(const void *values, struct err *err)
{
    const struct service_settings *settings = values;
    const char *is_test = getenv("HIKYAKU_TEST");

    if (settings->time_scale == 1 || (is_test && strcmp(is_test, "1") == 0))
        return 0;
    return err_set(err, ERR_INVALID,
                   "time_scale is %lld and this is no test; allowed: 1, or any where the "
                   "environment says HIKYAKU_TEST=1",
                   (long long)settings->time_scale);
}

static const char *const LOG_LEVELS[] = {"debug", "info", "warning", "error", NULL};

static const struct conf_setting SETTINGS[] = {
    {
        .name = "drain_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct service_settings, drain_s),
        .fallback = "60",
        .min = 1,
        .max = 3600,
        .unit = "s",
        .help = "After SIGTERM the work in hand may take this long; what is left then stays in the "
                "log for another process. A second signal ends at once.",
    },
    {
        .name = "log_level",
        .type = CONF_WORD,
        .offset = CONF_AT(struct service_settings, log_level),
        .fallback = "info",
        .words = LOG_LEVELS,
        .help = "The least important lines that are written to standard output.",
    },
    {
        .name = "name",
        .type = CONF_STRING,
        .offset = CONF_AT(struct service_settings, name),
        .fallback = "",
        .max = 200,
        .help = "The name of this process in log lines and in the log's consumer groups, unique "
                "among all processes. Empty: the host name.",
    },
    {
        .name = "ops_address",
        .type = CONF_STRING,
        .offset = CONF_AT(struct service_settings, ops_address),
        .fallback = "127.0.0.1:9090",
        .max = 64,
        .help =
            "Where /livez, /readyz, /startupz, /healthz and /metrics are served over HTTP. Port "
            "0 takes a free one and logs it; empty: none.",
        .check = check_ops_address,
    },
    {
        .name = "time_scale",
        .type = CONF_INT,
        .offset = CONF_AT(struct service_settings, time_scale),
        .fallback = "1",
        .min = 1,
        .max = 10000,
        .unit = "",
        .help = "For tests only, and refused unless the environment says HIKYAKU_TEST=1: the "
                "retry schedule passes so many times faster.",
    },
};

const struct conf_section SERVICE_SECTION = {
    .name = "service",
    .help = "What every process has.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct service_settings),
    .check = check,
};
