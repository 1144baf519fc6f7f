/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl audit: is every accepted mail accounted for? Once, or for ever (auditor.h). */
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "ctl/audit_read.h"
#include "ctl/audit_settings.h"
#include "ctl/auditor.h"
#include "ctl/progress.h"
#include "ctl/settings.h"
#include "ctl/verb.h"
#include "service/sections.h"

static const char HELP[] =
    "usage: hikyakuctl audit -c FILE [--embedded] [--set SECTION.NAME=VALUE]... [--json]\n"
    "       hikyakuctl audit --follow [--listen IP:PORT] -c FILE ...\n"
    "       hikyakuctl audit --print-reference      the settings of section audit\n"
    "\n"
    "Is every accepted mail delivered, failed, expired, or still on its way? Reads the topics "
    "work\n"
    "and event of the log from their beginning, without joining a group, and counts recipients:\n"
    "\n"
    "  drift = accepted - delivered - failed - expired - open       (must be 0)\n"
    "\n"
    "taken per recipient and without its sign: a recipient that nobody tries any more and that "
    "has\n"
    "no outcome (missing), or one with an outcome that nobody accepted (unproven).\n"
    "\n"
    "  -c FILE               configuration of the services (sections log, configurations, audit)\n"
    "  --embedded            the log of the single binary hikyaku, which may run meanwhile\n"
    "  --lost-after SECONDS  short for --set audit.lost_after_s=SECONDS\n"
    "  --follow              as a service, until SIGTERM: keeps reading, serves the figures, "
    "/metrics\n"
    "                        and the probes at service.ops_address, logs each change of the drift\n"
    "  --listen IP:PORT      short for --set service.ops_address=\"IP:PORT\"\n"
    "  --json                print JSON\n"
    "\n"
    "exit: 0 the drift is 0; 1 it is not, or the log cannot be read; 2 wrong arguments\n";

/* ---- once ---- */

static int read_all(struct audit_read *read, struct err *err)
{
    struct progress progress = {0};

    while (!audit_read_is_at_end(read)) {
        int result = audit_read_some(read, PROGRESS_READ_MS, err);
        if (progress_note(&progress, audit_read_records(read), result, err))
            return -1;
    }
    return 0;
}

static void print_json(const struct balance_figures *figures)
{
    (void)printf(
        "{\"accepted\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"failed\": %" PRIu64
        ", \"expired\": %" PRIu64 ", \"open\": %" PRIu64 ", \"open_mails\": %" PRIu64
        ", \"oldest_open_seconds\": %" PRId64 ", \"missing\": %" PRIu64 ", \"unproven\": %" PRIu64
        ", \"unfollowed_mails\": %" PRIu64 ", \"balance_drift\": %" PRIu64 "}\n",
        figures->accepted, figures->delivered, figures->failed, figures->expired, figures->open,
        figures->open_mails, figures->oldest_open_ms / 1000, figures->missing, figures->unproven,
        figures->unfollowed_mails, balance_drift(figures));
}

static void print_table(const struct balance_figures *figures)
{
    (void)printf("recipients: accepted %" PRIu64 " = delivered %" PRIu64 " + failed %" PRIu64
                 " + expired %" PRIu64 " + open %" PRIu64 ", drift %" PRIu64 " (missing %" PRIu64
                 ", unproven %" PRIu64 ")\n"
                 "open mails %" PRIu64 ", the oldest for %" PRId64 " s\n",
                 figures->accepted, figures->delivered, figures->failed, figures->expired,
                 figures->open, balance_drift(figures), figures->missing, figures->unproven,
                 figures->open_mails, figures->oldest_open_ms / 1000);
    if (figures->unfollowed_mails > 0)
        (void)printf("not audited, because audit.memory was used up: %" PRIu64 " mails\n",
                     figures->unfollowed_mails);
}

static enum ctl_exit count(struct audit_read *read, bool is_json)
{
    struct balance_figures figures;

    audit_read_count(read, &figures);
    if (is_json)
        print_json(&figures);
    else
        print_table(&figures);
    return balance_drift(&figures) == 0 ? CTL_OK : CTL_FAILED;
}

static enum ctl_exit count_once(const struct arguments *arguments)
{
    const struct conf_section **sections = sections_of(auditor_service(arguments->is_embedded));
    enum ctl_exit result = CTL_FAILED;
    struct audit_read *read = NULL;
    struct conf *conf = NULL;
    struct err err;

    if (settings_read(arguments, sections, &conf))
        result = CTL_USAGE;
    else if (audit_read_new(conf, arguments->is_embedded, &read, &err) || read_all(read, &err))
        (void)fprintf(stderr, "%s\n", err.text);
    else
        result = count(read, arguments->is_json);
    audit_read_free(&read);
    conf_free(&conf);
    xfree(sections);
    return result;
}

/* ---- the options that stand for settings ---- */

static void add_set(struct arguments *arguments, const char *text)
{
    size_t count = 0;

    while (arguments->sets[count])
        count++;
    arguments->sets[count] = text;
}

static enum ctl_exit run_with_sets(struct arguments *arguments)
{
    struct buf lost = {0}, listen = {0};

    if (arguments->lost_after_s > 0) {
        buf_addf(&lost, "audit.lost_after_s=%" PRId64, arguments->lost_after_s);
        add_set(arguments, buf_str(&lost));
    }
    if (arguments->listen) {
        buf_addf(&listen, "service.ops_address=\"%s\"", arguments->listen);
        add_set(arguments, buf_str(&listen));
    }
    enum ctl_exit result = arguments->is_follow
                               ? (enum ctl_exit)service_run(auditor_service(arguments->is_embedded),
                                                            arguments->file, arguments->sets)
                               : count_once(arguments);
    buf_free(&lost);
    buf_free(&listen);
    return result;
}

static enum ctl_exit print_reference(void)
{
    static const struct conf_section *const sections[] = {&AUDIT_SECTION, NULL};

    conf_print_reference(sections, stdout);
    return CTL_OK;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    struct arguments changed = *arguments;

    if (arguments->is_reference)
        return print_reference();
    if (!arguments->words[1] && arguments->file && (!arguments->listen || arguments->is_follow))
        return run_with_sets(&changed);
    (void)fputs("audit needs -c FILE; --listen goes with --follow (see hikyakuctl audit --help)\n",
                stderr);
    return CTL_USAGE;
}

const struct verb AUDIT_VERB = {
    .name = "audit",
    .summary = "is every accepted mail accounted for?",
    .help = HELP,
    .run = run,
};
