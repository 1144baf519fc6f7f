/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl preview bounce: the mail a sender would get, made by the bouncer's own report_build
 * (requirements S26..S28). */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bouncer/publish.h"
#include "bouncer/report.h"
#include "ctl/bounce_sample.h"
#include "ctl/preview.h"
#include "ctl/settings.h"
#include "mail/address.h"
#include "mail/date.h"
#include "net/clock.h"

#define SENDER  "app-42@shop.example"
#define FAILURE "unknown-user"

static const char *const FORMATS[] = {[BOUNCE_MULTIPART] = "multipart", [BOUNCE_SIMPLE] = "simple"};

struct wanted { /* the command line, checked */
    struct slice sender;
    const char *failure_name;
    const struct bounce_sample *sample;
    bool has_format;
    enum bounce_format format; /* when has_format */
};

/* ---- printing ---- */

static void print_mail(const struct wanted *wanted, const struct report *report, struct slice lines)
{
    (void)wanted;
    (void)report;
    (void)fwrite(lines.at, 1, lines.len, stdout);
}

static void print_json(const struct wanted *wanted, const struct report *report, struct slice lines)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:s%}", "failure", wanted->failure_name,
                             "action", report_action_name(report->failure->action), "format",
                             FORMATS[report_is_simple(report) ? BOUNCE_SIMPLE : BOUNCE_MULTIPART],
                             "envelope_from", "", "to", report->target.at, report->target.len,
                             "mail", lines.at, lines.len);

    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
}

/* ---- making it ---- */

static void show(const struct wanted *wanted, const struct configuration *configuration,
                 const struct bouncer_settings *settings, bool is_json)
{
    struct arena *arena = arena_new(8192);
    struct buf lines = {0};
    int64_t now_ms = clock_wall_ms();
    const struct record_failure *failure =
        bounce_sample_failure(wanted->sample, arena, configuration, wanted->sender, now_ms);
    const struct record_rcpt *const rcpts[] = {failure->work.rcpts};
    char id[ID_LEN + 1];
    struct report report = {
        .target = failure->work.envelope.from,
        .failure = failure,
        .format = wanted->has_format ? wanted->format : configuration->bounce_format,
        .rcpts = rcpts,
        .rcpt_count = 1,
        .content = content_choose(arena, bounce_sample_original(arena, wanted->sender),
                                  content_wants_whole(failure, settings),
                                  (size_t)settings->return_limit_bytes),
        .now_ms = now_ms,
        .zone_minutes = date_local_zone(now_ms),
    };

    publish_report_id(failure, rcpts, 1, report.target, id);
    report.id = slice_str(id);
    report_build(&lines, &report, settings);
    (is_json ? print_json : print_mail)(wanted, &report, buf_slice(&lines));
    buf_free(&lines);
    arena_free(&arena);
}

/* ---- the command line ---- */

static bool read_sender(const struct arguments *arguments, struct wanted *wanted)
{
    struct mail_address address;
    const char *why = "";

    wanted->sender = slice_str(arguments->sender ? arguments->sender : SENDER);
    if (mail_address_parse(wanted->sender, false, &address, &why))
        return true;
    (void)fprintf(stderr, "--sender is \"%s\": %s; allowed: local@domain (<> gets no bounce)\n",
                  arguments->sender, why);
    return false;
}

static bool read_failure(const struct arguments *arguments, struct wanted *wanted)
{
    const char *name;

    wanted->failure_name = arguments->failure ? arguments->failure : FAILURE;
    wanted->sample = bounce_sample_find(wanted->failure_name);
    if (wanted->sample)
        return true;
    (void)fprintf(stderr, "--failure is \"%s\"; allowed:", wanted->failure_name);
    for (size_t i = 0; (name = bounce_sample_name(i)); i++)
        (void)fprintf(stderr, "%s %s", i > 0 ? "," : "", name);
    (void)fputs("\n", stderr);
    return false;
}

static bool read_format(const struct arguments *arguments, struct wanted *wanted)
{
    wanted->has_format = arguments->format != NULL;
    if (!wanted->has_format)
        return true;
    wanted->format =
        strcmp(arguments->format, FORMATS[BOUNCE_SIMPLE]) == 0 ? BOUNCE_SIMPLE : BOUNCE_MULTIPART;
    if (strcmp(arguments->format, FORMATS[wanted->format]) == 0)
        return true;
    (void)fprintf(stderr, "--format is \"%s\"; allowed: multipart, simple\n", arguments->format);
    return false;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    struct wanted wanted = {0};
    struct conf *conf = NULL;

    if (!read_sender(arguments, &wanted) || !read_failure(arguments, &wanted) ||
        !read_format(arguments, &wanted) || settings_read_for_preview(arguments, &conf))
        return CTL_USAGE;
    struct configurations *configurations = configurations_new(conf);
    const struct configuration *configuration = settings_configuration(configurations, arguments);
    if (configuration)
        show(&wanted, configuration, conf_values(conf, &BOUNCER_SECTION), arguments->is_json);
    configurations_free(&configurations);
    conf_free(&conf);
    return configuration ? CTL_OK : CTL_USAGE;
}

const struct preview PREVIEW_BOUNCE = {.name = "bounce", .run = run};
