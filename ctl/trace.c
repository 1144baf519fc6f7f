/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl trace: one mail's history over all nodes, from the event topic. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/kafka/scan.h"
#include "ctl/event_read.h"
#include "ctl/settings.h"
#include "ctl/verb.h"
#include "net/clock.h"

#define READ_MS  500
#define SILENT_S 30 /* without any progress: given up */

static const char HELP[] =
    "usage: hikyakuctl trace ID -c FILE [--set SECTION.NAME=VALUE]... [--json]\n"
    "\n"
    "What became of one mail, on whichever nodes: accepted, each attempt with the destination's\n"
    "reply, delivered, failed, bounced. ID is the mail id that the 250 named; it is also in every\n"
    "log line and report. A report is a mail of its own: its id is printed, trace it as well.\n"
    "\n"
    "Reads the event topic in Kafka from its beginning to its present end, without joining a "
    "group:\n"
    "no service notices. Events are kept for 7 days.\n"
    "\n"
    "  -c FILE   configuration of the services (section log)\n"
    "  --json    the events themselves, in order of time\n"
    "\n"
    "exit: 0 printed; 1 no event of this mail, or the log cannot be read; 2 wrong arguments\n"
    "\n"
    "example:\n"
    "  hikyakuctl trace 01JDB3Q0W6S8N5V2 -c /etc/hikyaku/cluster.conf\n";

struct history {
    const char *mail_id;
    struct event_read *events;
    size_t count, room;
    uint64_t progress_ms;
};

static bool is_repeat(const struct history *history, const struct event_read *event)
{
    for (size_t i = 0; i < history->count; i++)
        if (strcmp(history->events[i].id, event->id) == 0)
            return true;
    return false;
}

static void on_record(void *owner, enum bus_topic topic, const struct bus_delivery *delivery)
{
    struct history *history = owner;
    struct event_read event;

    (void)topic;
    history->progress_ms = clock_monotonic_ms();
    if (!slice_eq(delivery->key, slice_str(history->mail_id)) ||
        !event_read(delivery->value, &event))
        return;
    if (is_repeat(history, &event)) {
        json_decref(event.root);
        return;
    }
    if (history->count == history->room) {
        history->room = history->room ? history->room * 2 : 16;
        history->events = xrealloc(history->events, history->room * sizeof *history->events);
    }
    history->events[history->count++] = event;
}

static int by_time(const void *left, const void *right)
{
    const struct event_read *a = left, *b = right;

    return strcmp(a->time, b->time);
}

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

static void print_recipient(const struct event_read *event, const json_t *rcpt, bool is_first)
{
    struct buf line = {0};

    buf_addf(&line, "%-24s  %-15s  %7d  %-20s  <%s>", is_first ? event->time : "",
             is_first ? event->kind : "", (int)event->attempt, event->pod,
             event_read_text(rcpt, "to"));
    add_reply(&line, rcpt);
    if (event->due[0] && is_first)
        buf_addf(&line, "  next at %s", event->due);
    if (event->report_id[0] && is_first)
        buf_addf(&line, "  report %s", event->report_id);
    print_line(buf_slice(&line));
    buf_free(&line);
}

static void print_table(const struct history *history)
{
    (void)printf("%-24s  %-15s  %7s  %-20s  %s\n", "TIME", "EVENT", "ATTEMPT", "NODE",
                 "RECIPIENT, HOST, REPLY");
    for (size_t i = 0; i < history->count; i++)
        for (size_t k = 0; k < json_array_size(history->events[i].recipients); k++)
            print_recipient(&history->events[i], json_array_get(history->events[i].recipients, k),
                            k == 0);
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

/* ---- reading ---- */

static int read_all(struct scan *scan, struct history *history, struct err *err)
{
    const struct scan_ops ops = {.on_record = on_record, .owner = history};

    history->progress_ms = clock_monotonic_ms();
    while (!scan_is_at_end(scan)) {
        if (!scan_read(scan, READ_MS, &ops, err))
            err->text[0] = '\0';
        if (clock_monotonic_ms() - history->progress_ms < (uint64_t)SILENT_S * 1000)
            continue;
        return err->text[0] ? -1 : err_set(err, ERR_RETRY, "the log does not answer");
    }
    return 0;
}

static enum ctl_exit show(struct history *history, bool is_json)
{
    if (history->count == 0) {
        (void)fprintf(stderr, "there is no event of mail %s\n", history->mail_id);
        return CTL_FAILED;
    }
    qsort(history->events, history->count, sizeof *history->events, by_time);
    if (is_json)
        print_json(history);
    else
        print_table(history);
    return CTL_OK;
}

static enum ctl_exit run_on(const struct bus_settings *settings, const struct arguments *arguments)
{
    static const enum bus_topic topics[] = {BUS_EVENT};
    struct history history = {.mail_id = arguments->words[1]};
    enum ctl_exit result = CTL_FAILED;
    struct scan *scan = NULL;
    struct err err = {0};

    if (scan_open(settings, topics, 1, &scan, &err) || read_all(scan, &history, &err))
        (void)fprintf(stderr, "%s\n", err.text);
    else
        result = show(&history, arguments->is_json);
    for (size_t i = 0; i < history.count; i++)
        json_decref(history.events[i].root);
    xfree(history.events);
    scan_free(&scan);
    return result;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    if (!arguments->words[1] || arguments->words[2] || !arguments->file) {
        (void)fputs("trace needs one mail id and -c FILE (see hikyakuctl trace --help)\n", stderr);
        return CTL_USAGE;
    }
    return settings_with_log(arguments, run_on);
}

const struct verb TRACE_VERB = {
    .name = "trace",
    .summary = "one mail's history over all nodes",
    .help = HELP,
    .run = run,
};
