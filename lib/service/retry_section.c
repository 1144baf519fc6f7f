/* SPDX-License-Identifier: Apache-2.0
 * The table of section "retry" (requirements S12..S16). */
#include "service/retry_section.h"

struct retry_values {
    int64_t interval; /* enum retry_kind */
    int64_t period_s, a_s, b_s;
};

#define PERIOD_MAX_S 604800

static const char *const INTERVALS[] = {"linear", "exponential", NULL};

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
            "one before it.",
    },
    {
        .name = "b_s",
        .type = CONF_INT,
        .offset = CONF_AT(struct retry_values, b_s),
        .fallback = "-240",
        .min = -PERIOD_MAX_S,
        .max = PERIOD_MAX_S,
        .unit = "s",
        .help = "exponential: the wait before retry n is a * n + b. Not used by linear.",
    },
    {
        .name = "interval",
        .type = CONF_WORD,
        .offset = CONF_AT(struct retry_values, interval),
        .fallback = "exponential",
        .words = INTERVALS,
        .help = "How the waits between attempts grow.",
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
    return (struct retry_settings){
        .kind = (enum retry_kind)values->interval,
        .period_s = values->period_s,
        .a_s = values->a_s,
        .b_s = values->b_s,
    };
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
