/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl preview retry: the table of requirement S18 for any settings. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "ctl/preview.h"
#include "ctl/settings.h"
#include "mail/date.h"
#include "net/clock.h"

#define ROWS_FOR_PEOPLE 100

struct retry { /* of a mail accepted at begun_ms that is always refused at once */
    int64_t begun_ms, wait_ms, elapsed_ms;
    uint32_t number;
};

/* Goes on to the next retry; false: given up instead. Waits are shown without jitter. */
static bool next_retry(const struct retry_settings *settings, struct retry *retry)
{
    int64_t now_ms = retry->begun_ms + retry->elapsed_ms;
    struct retry_plan plan =
        retry_plan(settings, retry->begun_ms, now_ms, retry->number + 1, RETRY_CHANCE_NONE);

    if (plan.is_expired)
        return false;
    retry->number++;
    retry->wait_ms = plan.due_ms - now_ms;
    retry->elapsed_ms += retry->wait_ms;
    return true;
}

static const char *clock_of(struct buf *text, const struct retry *retry)
{
    int64_t at_ms = retry->begun_ms + retry->elapsed_ms;

    buf_clear(text);
    date_add(text, at_ms, date_local_zone(at_ms));
    return buf_str(text);
}

/* ---- for people ---- */

static void print_formula(const struct retry_settings *settings)
{
    switch (settings->kind) {
    case RETRY_LINEAR:
        (void)printf("linear: every %" PRId64 " s", settings->a_s);
        break;
    case RETRY_EXPONENTIAL:
        (void)printf("exponential: %" PRId64 " * n %c %" PRId64 " s", settings->a_s,
                     settings->b_s < 0 ? '-' : '+',
                     settings->b_s < 0 ? -settings->b_s : settings->b_s);
        break;
    case RETRY_GEOMETRIC:
        (void)printf("geometric: %" PRId64 " s, then each %" PRId64
                     " %% of the one before, at most %" PRId64 " s",
                     settings->a_s, settings->factor_percent, settings->cap_s);
        break;
    case RETRY_LIST:
    case RETRY_KINDS:
        (void)printf("list of %zu, the last one repeats", settings->list_count);
        break;
    }
    (void)printf("; for %" PRId64 " s", settings->period_s);
    if (settings->jitter_percent)
        (void)printf("; each wait up to %" PRId64 " %% shorter or longer than shown",
                     settings->jitter_percent);
    (void)puts("");
}

static void print_row(const struct retry *retry, struct buf *clock)
{
    int64_t elapsed_s = retry->elapsed_ms / 1000;

    (void)printf("%5" PRIu32 " %9" PRId64 " %9" PRId64 "  %" PRId64 "d %02" PRId64 ":%02" PRId64
                 ":%02" PRId64 "  %s\n",
                 retry->number, retry->wait_ms / 1000, elapsed_s, elapsed_s / 86400,
                 elapsed_s / 3600 % 24, elapsed_s / 60 % 60, elapsed_s % 60,
                 clock_of(clock, retry));
}

static void print_table(const struct retry_settings *settings)
{
    struct retry retry = {.begun_ms = clock_wall_ms()};
    struct buf clock = {0};

    print_formula(settings);
    (void)printf("accepted now: %s\n\n%5s %9s %9s  %-11s  %s\n", clock_of(&clock, &retry), "RETRY",
                 "WAIT s", "ELAPSED s", "", "AT");
    while (next_retry(settings, &retry))
        if (retry.number <= ROWS_FOR_PEOPLE)
            print_row(&retry, &clock);
    if (retry.number > ROWS_FOR_PEOPLE)
        (void)printf("... and %" PRIu32 " more (--json has them all)\n",
                     retry.number - ROWS_FOR_PEOPLE);
    (void)printf("\ngiven up after %" PRIu32 " attempts, %" PRId64 " s after it was accepted: %s\n",
                 retry.number + 1, retry.elapsed_ms / 1000, clock_of(&clock, &retry));
    buf_free(&clock);
}

/* ---- for programs ---- */

static void print_json(const struct retry_settings *settings)
{
    struct retry retry = {.begun_ms = clock_wall_ms()};
    struct buf clock = {0};
    json_t *rows = json_array();

    while (next_retry(settings, &retry))
        (void)json_array_append_new(
            rows, json_pack("{s:I, s:I, s:I, s:s}", "number", (json_int_t)retry.number,
                            "interval_ms", (json_int_t)retry.wait_ms, "elapsed_ms",
                            (json_int_t)retry.elapsed_ms, "at", clock_of(&clock, &retry)));
    json_t *root =
        json_pack("{s:s, s:I, s:I, s:o, s:I, s:I}", "interval", RETRY_KIND_NAMES[settings->kind],
                  "period_s", (json_int_t)settings->period_s, "jitter_percent",
                  (json_int_t)settings->jitter_percent, "retries", rows, "attempts",
                  (json_int_t)retry.number + 1, "gives_up_ms", (json_int_t)retry.elapsed_ms);
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
    buf_free(&clock);
}

static enum ctl_exit run(const struct arguments *arguments)
{
    struct conf *conf = NULL;

    if (settings_read_for_preview(arguments, &conf))
        return CTL_USAGE;
    struct configurations *configurations = configurations_new(conf);
    const struct configuration *configuration = settings_configuration(configurations, arguments);
    if (configuration)
        (arguments->is_json ? print_json : print_table)(&configuration->retry);
    configurations_free(&configurations);
    conf_free(&conf);
    return configuration ? CTL_OK : CTL_USAGE;
}

const struct preview PREVIEW_RETRY = {.name = "retry", .run = run};
