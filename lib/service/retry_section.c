/* SPDX-License-Identifier: Apache-2.0
 * The table of section "retry" (requirements S12..S16). */
#include "service/retry_section.h"

struct retry_values {
    int64_t interval; /* enum retry_kind */
    int64_t period_s, a_s, b_s, factor_percent, cap_s, jitter_percent;
    const char *const *list_s;
};

#define PERIOD_MAX_S 604800

static int parse_wait(const char *value, uint64_t *ret_s)
{
    return slice_to_u64(slice_str(value), PERIOD_MAX_S, ret_s) && *ret_s > 0 ? 0 : -1;
}

static int check_wait(const char *value, struct err *err)
{
    uint64_t wait_s;

    if (parse_wait(value, &wait_s) == 0)
        return 0;
    return err_set(err, ERR_INVALID, "a wait is a number of seconds from 1 to %d", PERIOD_MAX_S);
}

static const struct conf_setting SETTINGS[] = {
    {
        .name = "a_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct retry_values, a_s),
        .fallback = "480",
        .min = 0,
        .max = PERIOD_MAX_S,
        .unit = "s",
        .help =
            "linear: the wait before each retry. exponential: what each wait is longer than the "
            "one before it. geometric: the first wait.",
    },
    {
        .name = "b_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct retry_values, b_s),
        .fallback = "-240",
        .min = -PERIOD_MAX_S,
        .max = PERIOD_MAX_S,
        .unit = "s",
        .help = "exponential: the wait before retry n is a * n + b. Used by exponential only.",
    },
    {
        .name = "cap_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct retry_values, cap_s),
        .fallback = "14400",
        .min = 1,
        .max = PERIOD_MAX_S,
        .unit = "s",
        .help = "geometric: no wait is longer than this.",
    },
    {
        .name = "factor_percent",
        .type = CONF_INT,
        .offset = CONF_AT(struct retry_values, factor_percent),
        .fallback = "200",
        .min = 101,
        .max = 1000,
        .unit = "%",
        .help = "geometric: each wait in percent of the one before it; 200 doubles.",
    },
    {
        .name = "interval",
        .type = CONF_WORD,
        .offset = CONF_AT(struct retry_values, interval),
        .fallback = "exponential",
        .words = RETRY_KIND_NAMES,
        .help = "How the waits between attempts grow: linear not at all, exponential by the same "
                "time, geometric by the same factor; list names each of them. See `hikyakuctl "
                "preview retry`.",
    },
    {
        .name = "jitter_percent",
        .type = CONF_INT,
        .offset = CONF_AT(struct retry_values, jitter_percent),
        .fallback = "0",
        .min = 0,
        .max = 50,
        .unit = "%",
        .help = "Each wait is by up to so much shorter or longer, so that mails that failed "
                "together do not come back together.",
    },
    {
        .name = "list_s",
        .type = CONF_STRINGS,
        .offset = CONF_AT(struct retry_values, list_s),
        .fallback = "[]",
        .min = 0,
        .max = RETRY_LIST_MAX,
        .unit = "s",
        .check = check_wait,
        .help = "list: the waits in turn, in seconds, like [ \"300\", \"3600\" ]; the last one "
                "repeats until the period is over.",
    },
    {
        .name = "period_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct retry_values, period_s),
        .fallback = "86400",
        .min = 60,
        .max = PERIOD_MAX_S,
        .unit = "s",
        .help = "How long after its acceptance a mail is tried. Short: an early verdict and more "
                "losses; long: fewer losses and a late verdict. The log must keep mail for this "
                "period and 24 hours more.",
    },
};

static struct retry_settings convert(const struct retry_values *values)
{
    struct retry_settings settings = {
        .kind = (enum retry_kind)values->interval,
        .period_s = values->period_s,
        .a_s = values->a_s,
        .b_s = values->b_s,
        .factor_percent = values->factor_percent,
        .cap_s = values->cap_s,
        .jitter_percent = values->jitter_percent,
    };
    uint64_t wait_s;

    for (const char *const *wait = values->list_s; *wait; wait++)
        if (settings.list_count < RETRY_LIST_MAX && parse_wait(*wait, &wait_s) == 0)
            settings.list_s[settings.list_count++] = (int64_t)wait_s;
    return settings;
}

static int check(const void *values, struct err *err)
{
    struct retry_settings settings = convert(values);
    return retry_check(&settings, err);
}

const struct conf_section RETRY_SECTION = {
    .name = "retry",
    .help = "When a mail that was refused for now is tried again, and for how long.",
    .settings = SETTINGS,
    .count = sizeof SETTINGS / sizeof *SETTINGS,
    .size = sizeof(struct retry_values),
    .check = check,
};

struct retry_settings retry_section_get(const struct conf *conf)
{
    return convert(conf_values(conf, &RETRY_SECTION));
}
