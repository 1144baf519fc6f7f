/* SPDX-License-Identifier: Apache-2.0
 * The table of section "service". */
#include "service/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/net_address.h"

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
        .name = "events",
        .type = CONF_BOOL,
        .offset = CONF_AT(struct service_settings, events),
        .fallback = "true",
        .help = "What becomes of each mail is written to the event topic. Without it hikyakuctl "
                "trace and audit have nothing to read; for a small machine, or to measure the "
                "cost. The same in all processes.",
    },
    {
        .name = "metrics",
        .type = CONF_BOOL,
        .offset = CONF_AT(struct service_settings, metrics),
        .fallback = "true",
        .help = "Figures are counted and served at /metrics, which otherwise answers 404.",
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
    {
        .name = "watch_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct service_settings, watch_s),
        .fallback = "10",
        .min = 0,
        .max = 3600,
        .unit = "s",
        .help = "How often to look whether this file or a file it names (passwords, certificates, "
                "users) was replaced; it is then read as after SIGHUP. 0: only after SIGHUP.",
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
