/* SPDX-License-Identifier: Apache-2.0
 * The table of section "logging", and how a log follows it. */
#include "service/logging.h"

#include <time.h>

#include "base/net_address.h"
#include "mail/address.h"
#include "net/clock.h"
#include "service/source.h"

#define US_PER_S        INT64_C(1000000)
#define UNTIL_MAX_HOURS 24
#define UNTIL_MAX_US    (UNTIL_MAX_HOURS * (3600 * US_PER_S))
#define UNTIL_TEXT      20 /* of "2026-11-24T16:00:00Z" */
#define TRACED_MAX      100

static bool parse_time(const char *text, int64_t *ret_us)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);

    if (!rest || *rest)
        return false;
    *ret_us = (int64_t)timegm(&utc) * US_PER_S;
    return true;
}

int64_t logging_until_us(const char *text)
{
    int64_t until_us = 0;

    return parse_time(text, &until_us) ? until_us : 0;
}

/* What is forgotten in the file must end all the same. */
static int check_until(const char *value, struct err *err)
{
    int64_t until_us;

    if (!*value)
        return 0;
    if (!parse_time(value, &until_us))
        return err_set(err, ERR_INVALID, "\"%s\" is no time like \"2026-11-24T16:00:00Z\"", value);
    if (until_us > clock_wall_us() + UNTIL_MAX_US)
        return err_set(err, ERR_INVALID, "\"%s\" is more than %d hours ahead", value,
                       UNTIL_MAX_HOURS);
    return 0;
}

static const char *const LEVELS[] = {"debug", "info", "warning", "error", NULL};
static const char *const ADDRESSES[] = {"full", "domain", NULL};

#define LOGGING(member) CONF_AT(struct logging_settings, member)

static const struct conf_setting SETTINGS[] = {
    {
        .name = "addresses",
        .type = CONF_WORD,
        .offset = LOGGING(addresses),
        .fallback = "full",
        .words = ADDRESSES,
        .help = "Mail addresses in log lines: as they are, or without the part before the @, also "
                "in what other hosts say. The event topic has them in full.",
    },
    {
        .name = "debug_until",
        .type = CONF_STRING,
        .offset = LOGGING(debug_until),
        .fallback = "",
        .max = UNTIL_TEXT,
        .help = "Until this time (UTC, as \"2026-11-24T16:00:00Z\", at most 24 hours ahead) lines "
                "of every level are written. Empty, or once it is over: those of logging.level.",
        .check = check_until,
    },
    {
        .name = "level",
        .type = CONF_WORD,
        .offset = LOGGING(level),
        .fallback = "info",
        .words = LEVELS,
        .help = "The least important lines that are written to standard output.",
    },
    {
        .name = "lines_per_second",
        .type = CONF_INT,
        .offset = LOGGING(lines_per_second),
        .fallback = "100",
        .min = 0,
        .max = 1000000,
        .unit = "",
        .help = "Lines of one event that a role writes within a second, of level warning and above "
                "and of a trace; how many more there were is told in one line. Lines about what "
                "becomes of mail are never left out. 0: no limit.",
    },
    {
        .name = "trace.clients",
        .type = CONF_STRINGS,
        .offset = LOGGING(trace_clients),
        .fallback = "[]",
        .max = TRACED_MAX,
        .help = "Until trace.until, the SMTP dialogue of sessions that these addresses or networks "
                "begin is logged, line by line, without content and credentials.",
        .check = net_network_check,
    },
    {
        .name = "trace.destinations",
        .type = CONF_STRINGS,
        .offset = LOGGING(trace_destinations),
        .fallback = "[]",
        .max = TRACED_MAX,
        .help = "The same for mail that is delivered to these recipient domains.",
        .check = mail_domain_check,
    },
    {
        .name = "trace.until",
        .type = CONF_STRING,
        .offset = LOGGING(trace_until),
        .fallback = "",
        .max = UNTIL_TEXT,
        .help = "As debug_until. Empty: nothing is traced.",
        .check = check_until,
    },
};

const struct conf_section LOGGING_SECTION = {
    .name = "logging",
    .help = "What log lines tell.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct logging_settings),
    .is_live = true,
};

void logging_apply(struct log *log, const struct conf *conf)
{
    const struct logging_settings *settings = conf_values(conf, &LOGGING_SECTION);

    log_set_policy(log, &(struct log_policy){
                            .level = (enum log_level)settings->level,
                            .debug_until_us = logging_until_us(settings->debug_until),
                            .masks_addresses = settings->addresses == LOGGING_DOMAIN,
                            .lines_per_second = (uint64_t)settings->lines_per_second,
                            .revision = source_revision(conf),
                        });
}
