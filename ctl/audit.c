/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl audit: is every accepted mail accounted for? An independent reader of the topics work
 * and event; no service's own figures are believed. */
#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "bus/kafka/scan.h"
#include "ctl/audit_watch.h"
#include "ctl/balance.h"
#include "ctl/settings.h"
#include "ctl/verb.h"
#include "net/clock.h"

#define READ_MS        500
#define SILENT_MS      30000 /* without any progress: given up */
#define LOST_SLACK_S   3600
#define EVENT_SLACK_MS ((int64_t)3600000)
#define DAY_MS         ((int64_t)86400000)

static const char HELP[] =
    "usage: hikyakuctl audit -c FILE [--set SECTION.NAME=VALUE]... [--lost-after SECONDS] "
    "[--json]\n"
    "       hikyakuctl audit --follow [--listen IP:PORT] -c FILE ...\n"
    "\n"
    "Is every accepted mail delivered, failed, expired, or still on its way? Reads the topics "
    "work\n"
    "and event in Kafka from their beginning, without joining a group, and counts recipients:\n"
    "\n"
    "  drift = accepted - delivered - failed - expired - open       (must be 0)\n"
    "\n"
    "taken per recipient and without its sign: a recipient that nobody tries any more and that "
    "has\n"
    "no outcome (missing), or one with an outcome that nobody accepted (unproven). The accepted\n"
    "event of a mail that was answered 451 is no acceptance; it is counted as refused.\n"
    "\n"
    "  -c FILE               configuration of the services (sections log and configurations)\n"
    "  --lost-after SECONDS  open longer than that is missing (default: longest retry period + 1 "
    "h)\n"
    "  --follow              keep reading; print the figures every 5 s\n"
    "  --listen IP:PORT      with --follow: serve the figures at /metrics instead\n"
    "  --json                print JSON\n"
    "\n"
    "exit: 0 the drift is 0; 1 it is not, or the log cannot be read; 2 wrong arguments\n";

struct audit {
    struct scan *scan;
    struct balance *balance;
    struct arena *arena;
    uint64_t progress_ms;
};

static void on_record(void *owner, enum bus_topic topic, const struct bus_delivery *delivery)
{
    struct audit *audit = owner;
    struct record_work work;
    struct event_read event;
    struct err err;

    audit->progress_ms = clock_monotonic_ms();
    if (topic == BUS_EVENT) {
        if (!event_read(delivery->value, &event))
            return;
        balance_on_event(audit->balance, &event);
        json_decref(event.root);
        return;
    }
    if (record_get_work(audit->arena, delivery->value, &work, &err) == 0)
        balance_on_work(audit->balance, &work);
    arena_reset(audit->arena);
}

static int read_some(struct audit *audit, int timeout_ms, struct err *err)
{
    const struct scan_ops ops = {.on_record = on_record, .owner = audit};

    return scan_read(audit->scan, timeout_ms, &ops, err);
}

static int read_all(struct audit *audit, struct err *err)
{
    audit->progress_ms = clock_monotonic_ms();
    while (!scan_is_at_end(audit->scan)) {
        int result = read_some(audit, READ_MS, err);
        if (clock_monotonic_ms() - audit->progress_ms > SILENT_MS)
            return result ? -1 : err_set(err, ERR_RETRY, "the log does not answer");
    }
    return 0;
}

/* ---- once ---- */

static void print_json(const struct balance_figures *figures)
{
    (void)printf(
        "{\"accepted\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"failed\": %" PRIu64
        ", \"expired\": %" PRIu64 ", \"open\": %" PRIu64 ", \"open_mails\": %" PRIu64
        ", \"oldest_open_seconds\": %" PRId64 ", \"refused_mails\": %" PRIu64
        ", \"missing\": %" PRIu64 ", \"unproven\": %" PRIu64 ", \"balance_drift\": %" PRIu64 "}\n",
        figures->accepted, figures->delivered, figures->failed, figures->expired, figures->open,
        figures->open_mails, figures->oldest_open_ms / 1000, figures->refused_mails,
        figures->missing, figures->unproven, balance_drift(figures));
}

static void print_table(const struct balance_figures *figures)
{
    (void)printf("recipients: accepted %" PRIu64 " = delivered %" PRIu64 " + failed %" PRIu64
                 " + expired %" PRIu64 " + open %" PRIu64 ", drift %" PRIu64 " (missing %" PRIu64
                 ", unproven %" PRIu64 ")\n"
                 "open mails %" PRIu64 ", the oldest for %" PRId64 " s; refused after their "
                 "accepted event %" PRIu64 "\n",
                 figures->accepted, figures->delivered, figures->failed, figures->expired,
                 figures->open, balance_drift(figures), figures->missing, figures->unproven,
                 figures->open_mails, figures->oldest_open_ms / 1000, figures->refused_mails);
}

static void print_figures(const struct balance_figures *figures, bool is_json)
{
    if (is_json)
        print_json(figures);
    else
        print_table(figures);
    (void)fflush(stdout);
}

static enum ctl_exit count_once(struct audit *audit, bool is_json)
{
    struct balance_figures figures;

    balance_count(audit->balance, clock_wall_ms(), &figures);
    print_figures(&figures, is_json);
    return balance_drift(&figures) == 0 ? CTL_OK : CTL_FAILED;
}

/* ---- for ever ---- */

struct following {
    struct audit *audit;
    bool is_json, is_served;
};

static void on_tick(void *owner)
{
    struct following *following = owner;
    struct err err;

    if (read_some(following->audit, 0, &err))
        (void)fprintf(stderr, "%s\n", err.text);
}

static void on_count(void *owner, struct balance_figures *ret_figures)
{
    struct following *following = owner;

    balance_count(following->audit->balance, clock_wall_ms(), ret_figures);
    if (!following->is_served)
        print_figures(ret_figures, following->is_json);
}

static enum ctl_exit follow(struct audit *audit, const struct arguments *arguments)
{
    struct following following = {
        .audit = audit, .is_json = arguments->is_json, .is_served = arguments->listen};
    const struct audit_watch_ops ops = {
        .on_tick = on_tick, .on_count = on_count, .owner = &following};
    struct err err;

    if (audit_watch(arguments->listen, &ops, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return CTL_USAGE;
    }
    return CTL_OK;
}

static enum ctl_exit run_on(const struct bus_settings *settings, const struct arguments *arguments)
{
    static const enum bus_topic topics[] = {BUS_WORK, BUS_EVENT};
    int64_t lost_after_s = arguments->lost_after_s > 0 ? arguments->lost_after_s
                                                       : settings->longest_period_s + LOST_SLACK_S;
    const struct balance_limits limits = {
        .lost_after_ms = lost_after_s * 1000,
        .forget_after_ms = bus_topic_row(BUS_EVENT)->retention_days * DAY_MS - EVENT_SLACK_MS};
    struct audit audit = {.balance = balance_new(&limits), .arena = arena_new(65536)};
    enum ctl_exit result = CTL_FAILED;
    struct err err = {0};

    if (scan_open(settings, topics, 2, &audit.scan, &err) || read_all(&audit, &err))
        (void)fprintf(stderr, "%s\n", err.text);
    else
        result = arguments->is_follow ? follow(&audit, arguments)
                                      : count_once(&audit, arguments->is_json);
    scan_free(&audit.scan);
    balance_free(&audit.balance);
    arena_free(&audit.arena);
    return result;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    if (arguments->words[1] || !arguments->file || (arguments->listen && !arguments->is_follow)) {
        (void)fputs("audit needs -c FILE; --listen goes with --follow (see hikyakuctl audit "
                    "--help)\n",
                    stderr);
        return CTL_USAGE;
    }
    return settings_with_log(arguments, run_on);
}

const struct verb AUDIT_VERB = {
    .name = "audit",
    .summary = "is every accepted mail accounted for?",
    .help = HELP,
    .run = run,
};
