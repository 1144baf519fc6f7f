/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl trace: one mail's history over all nodes, from the event topic. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "ctl/history.h"
#include "ctl/progress.h"
#include "ctl/settings.h"
#include "ctl/verb.h"

static const char HELP[] =
    "usage: hikyakuctl trace ID -c FILE [--embedded] [--set SECTION.NAME=VALUE]... [--json]\n"
    "\n"
    "What became of one mail, on whichever nodes: accepted, each attempt with the destination's\n"
    "reply and the stages its time went to, delivered, failed, bounced. ID is the mail id that "
    "the\n"
    "250 named; it is also in every log line and report. A report is a mail of its own: its id is\n"
    "printed, and the report's own history names the mail it is about.\n"
    "\n"
    "Reads the event topic of the log from its beginning to its present end, without joining a\n"
    "group: no service notices. Events are kept for 7 days.\n"
    "\n"
    "  -c FILE     configuration of the services (section log)\n"
    "  --embedded  the log of the single binary hikyaku, which may run meanwhile\n"
    "  --json      the events themselves, in order of time\n"
    "\n"
    "exit: 0 printed; 1 no event of this mail, or the log cannot be read; 2 wrong arguments\n"
    "\n"
    "example:\n"
    "  hikyakuctl trace 01JDB3Q0W6S8N5V2 -c /etc/hikyaku/cluster.conf\n";

/* ---- output ---- */

static void add_reply(struct buf *line, const json_t *rcpt)
{
    int code = (int)json_integer_value(json_object_get(rcpt, "code"));

    if (event_read_text(rcpt, "mx")[0])
        buf_addf(line, "  %s", event_read_text(rcpt, "mx"));
    if (code > 0)
        buf_addf(line, "  %d %s", code, event_read_text(rcpt, "enhanced"));
    if (event_read_text(rcpt, "reason")[0])
        buf_addf(line, "  \"%s\"", event_read_text(rcpt, "reason"));
}

/* Hosts chose parts of it: their words must not move the terminal's cursor. */
static void print_line(struct slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.at[i];
        (void)putchar(c < ' ' || c == 0x7f ? ' ' : c);
    }
    (void)putchar('\n');
}

/* "130 ms: queue 3 dns 5 connect 12 tls 30 transmit 80" */
static void add_delays(struct buf *line, const json_t *object)
{
    struct delays delays = event_read_delays(object);

    if (!delays_has_any(&delays))
        return;
    buf_addf(line, "  %" PRIu64 " ms:", delays_total_ms(&delays));
    for (enum delay delay = 0; delay < DELAYS; delay++)
        if (delays.has[delay])
            buf_addf(line, " %s %" PRIu64, delay_name(delay), delays.ms[delay]);
}

/* What is said once per event. */
static void add_links(struct buf *line, const struct history *history,
                      const struct event_read *event)
{
    if (event->due[0])
        buf_addf(line, "  next at %s", event->due);
    if (event->report_id[0] && strcmp(event->mail_id, history->mail_id) == 0)
        buf_addf(line, "  report %s", event->report_id);
    else if (event->report_id[0])
        buf_addf(line, "  of mail %s", event->mail_id);
}

static void print_event(const struct history *history, const struct event_read *event)
{
    for (size_t i = 0; i < json_array_size(event->recipients); i++) {
        const json_t *rcpt = json_array_get(event->recipients, i);
        struct buf line = {0};
        buf_addf(&line, "%-24s  %-15s  %7d  %-20s  <%s>", i == 0 ? event->time : "",
                 i == 0 ? event->kind : "", (int)event->attempt, event->pod,
                 event_read_text(rcpt, "to"));
        add_reply(&line, rcpt);
        if (i == 0) {
            add_delays(&line, event->delays);
            add_links(&line, history, event);
        }
        print_line(buf_slice(&line));
        buf_free(&line);
    }
}

static void print_table(const struct history *history)
{
    (void)printf("%-24s  %-15s  %7s  %-20s  %s\n", "TIME", "EVENT", "ATTEMPT", "NODE",
                 "RECIPIENT, HOST, REPLY, TIME");
    for (size_t i = 0; i < history->count; i++)
        print_event(history, &history->events[i]);
}

static void print_json(const struct history *history)
{
    json_t *list = json_array();

    for (size_t i = 0; i < history->count; i++)
        json_array_append(list, history->events[i].root);
    (void)json_dumpf(list, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(list);
}

/* RFC 3339, UTC, whole seconds. */
static void add_second(struct buf *out, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char text[48];

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    buf_add_str(out, text);
}

static void print_nothing(const struct history *history)
{
    struct buf line = {0};

    buf_addf(&line, "there is no event of mail %s; ", history->mail_id);
    if (history->records == 0) {
        buf_add_str(&line, "the event log is empty");
    } else {
        buf_add_str(&line, "the event log covers ");
        add_second(&line, history->oldest_ms);
        buf_add_str(&line, " to ");
        add_second(&line, history->newest_ms);
    }
    (void)fprintf(stderr, "%s\n", buf_str(&line));
    buf_free(&line);
}

static enum ctl_exit show(struct history *history, bool is_json)
{
    if (history->count == 0) {
        print_nothing(history);
        return CTL_FAILED;
    }
    history_sort(history);
    if (is_json)
        print_json(history);
    else
        print_table(history);
    return CTL_OK;
}

/* ---- reading ---- */

static void on_record(void *owner, enum bus_topic topic, const struct bus_delivery *delivery)
{
    (void)topic;
    history_on_record(owner, delivery);
}

static int read_all(struct scan *scan, struct history *history, struct err *err)
{
    const struct scan_ops ops = {.on_record = on_record, .owner = history};
    struct progress progress = {0};

    while (!scan_is_at_end(scan)) {
        int result = scan_read(scan, PROGRESS_READ_MS, &ops, err);
        if (progress_note(&progress, history->records, result, err))
            return -1;
    }
    return 0;
}

static enum ctl_exit run_on(const struct bus_settings *settings, const struct arguments *arguments)
{
    static const enum bus_topic topics[] = {BUS_EVENT};
    const struct scan_backend *backend = settings_scan(arguments->is_embedded);
    enum ctl_exit result = CTL_FAILED;
    struct history history;
    struct scan *scan = NULL;
    struct err err;

    history_init(&history, arguments->words[1]);
    if (scan_open(backend, settings, topics, 1, &scan, &err) || read_all(scan, &history, &err))
        (void)fprintf(stderr, "%s\n", err.text);
    else
        result = show(&history, arguments->is_json);
    history_clear(&history);
    scan_free(&scan);
    return result;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    const char *mail_id = arguments->words[1];

    if (mail_id && mail_id[0] && !arguments->words[2] && arguments->file)
        return settings_with_log(arguments, run_on);
    (void)fputs("trace needs one mail id and -c FILE (see hikyakuctl trace --help)\n", stderr);
    return CTL_USAGE;
}

const struct verb TRACE_VERB = {
    .name = "trace",
    .summary = "one mail's history over all nodes",
    .help = HELP,
    .run = run,
};
