/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl topics apply|check|show: Kafka's topics as the services need them. */
#include <stdio.h>
#include <string.h>

#include "bus/kafka/topics.h"
#include "ctl/settings.h"
#include "ctl/topics_print.h"
#include "ctl/verb.h"
#include "net/clock.h"

#define TRY_MS 2000

static const char HELP[] =
    "usage: hikyakuctl topics apply|check|show -c FILE [--set SECTION.NAME=VALUE]... [--wait "
    "SECONDS]\n"
    "                                     [--grow] [--json]\n"
    "\n"
    "The services keep every mail in Kafka topics and never make these themselves: run `apply`\n"
    "once before the first start and after each upgrade.\n"
    "\n"
    "  apply   creates the topics that are missing. What exists is never shrunk, altered or\n"
    "          deleted; whatever differs from what it should be is listed.\n"
    "  check   changes nothing; lists what is missing or differs, and topics with replicas that "
    "are\n"
    "          not in sync.\n"
    "  show    asks nobody; lists the topics as they have to be, for those who make them by other\n"
    "          means.\n"
    "\n"
    "  -c FILE          configuration of the services: sections log (brokers, topic_prefix,\n"
    "                   replication, min_insync, ..._partitions) and configurations\n"
    "  --set S.N=VALUE  overrides one setting of the file; may be repeated\n"
    "  --wait SECONDS   keep trying to reach the brokers for so long, showing progress\n"
    "  --grow           with apply: let topics that have fewer partitions than the settings say\n"
    "                   grow to that number (never timer and config: their keys would move)\n"
    "  --json           print the result as JSON\n"
    "\n"
    "A topic that forgets mail sooner than the longest retry period + 24 h is refused: no service\n"
    "runs with it.\n"
    "\n"
    "exit: 0 all topics are as needed; 1 something failed, is refused, or (check) differs;\n"
    "      2 wrong arguments or configuration\n"
    "\n"
    "examples:\n"
    "  hikyakuctl topics check -c /etc/hikyaku/cluster.conf\n"
    "  hikyakuctl topics apply -c /etc/hikyaku/cluster.conf --wait 60\n"
    "  hikyakuctl topics apply -c one-broker.conf --set log.replication=1 --set log.min_insync=1\n";

/* ---- reaching the brokers ---- */

static int reach(struct topics *topics, int64_t wait_s, struct err *err)
{
    uint64_t begun_ms = clock_monotonic_ms();

    while (topics_reach(topics, TRY_MS, err)) {
        int64_t waited_s = (int64_t)(clock_monotonic_ms() - begun_ms) / 1000;
        if (waited_s >= wait_s)
            return -1;
        (void)fprintf(stderr, "waiting for the brokers: %d of %d s\n", (int)waited_s, (int)wait_s);
    }
    return 0;
}

/* ---- applying ---- */

struct work {
    struct topics *topics;
    bool may_change, may_grow;
    /* Copies: the first comparison's, with what became of each. */
    struct topics_difference differences[TOPICS_DIFFERENCES_MAX];
    enum topics_done done[TOPICS_DIFFERENCES_MAX];
    size_t count;
};

static int apply_one(struct work *work, size_t i, struct err *err)
{
    const struct topics_difference *difference = &work->differences[i];

    if (difference->grade == TOPICS_MISSING && work->may_change) {
        if (topics_create(work->topics, difference->topic, err))
            return -1;
        work->done[i] = TOPICS_CREATED;
    } else if (difference->grade == TOPICS_SMALL && work->may_grow) {
        if (topics_grow(work->topics, difference->topic, err))
            return -1;
        work->done[i] = TOPICS_GROWN;
    }
    return 0;
}

static int compare_and_apply(struct work *work, struct err *err)
{
    const struct topics_difference *differences;

    if (topics_compare(work->topics, &differences, &work->count, err))
        return -1;
    memcpy(work->differences, differences, work->count * sizeof differences[0]);
    for (size_t i = 0; i < work->count; i++)
        if (apply_one(work, i, err))
            return -1;
    for (size_t i = 0; i < work->count; i++)
        if (work->done[i] != TOPICS_NOTHING &&
            topics_await(work->topics, work->differences[i].topic, err))
            return -1;
    return 0;
}

/* check: nothing may differ. apply: the services must be able to run. */
static bool is_good(const struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        enum topics_grade grade = work->differences[i].grade;
        bool is_left = work->done[i] == TOPICS_NOTHING && grade != TOPICS_NOTE;
        if (is_left && (!work->may_change || grade == TOPICS_REFUSED || grade == TOPICS_MISSING))
            return false;
    }
    return true;
}

static enum ctl_exit report(const struct work *work, bool is_json)
{
    const struct topics_result result = {.differences = work->differences,
                                         .done = work->done,
                                         .count = work->count,
                                         .is_good = is_good(work)};

    if (is_json)
        topics_print_json(&result);
    else
        topics_print_table(&result);
    return result.is_good ? CTL_OK : CTL_FAILED;
}

static enum ctl_exit run_on(const struct bus_settings *settings, const struct arguments *arguments)
{
    bool may_change = strcmp(arguments->words[1], "apply") == 0;
    struct work work = {.may_change = may_change, .may_grow = may_change && arguments->is_grow};
    enum ctl_exit result = CTL_FAILED;
    struct err err;

    if (topics_new(settings, &work.topics, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return CTL_USAGE;
    }
    if (reach(work.topics, arguments->wait_s, &err) || compare_and_apply(&work, &err))
        (void)fprintf(stderr, "%s\n", err.text);
    else
        result = report(&work, arguments->is_json);
    topics_free(&work.topics);
    return result;
}

static enum ctl_exit show(const struct bus_settings *settings, const struct arguments *arguments)
{
    struct arena *arena = arena_new(4096);
    struct topics_want wants[BUS_TOPICS];

    for (unsigned i = 0; i < BUS_TOPICS; i++)
        topics_want(settings, i, arena, &wants[i]);
    topics_print_wants(wants, BUS_TOPICS, arguments->is_json);
    arena_free(&arena);
    return CTL_OK;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    const char *what = arguments->words[1];
    bool is_show = what && strcmp(what, "show") == 0;

    if (!what || arguments->words[2] ||
        (!is_show && strcmp(what, "apply") != 0 && strcmp(what, "check") != 0)) {
        (void)fputs("topics needs one of: apply, check, show (see hikyakuctl topics --help)\n",
                    stderr);
        return CTL_USAGE;
    }
    if (!arguments->file) {
        (void)fputs("topics needs -c FILE, the configuration of the services\n", stderr);
        return CTL_USAGE;
    }
    return settings_with_log(arguments, is_show ? show : run_on);
}

const struct verb TOPICS_VERB = {
    .name = "topics",
    .summary = "create, check or show the topics in Kafka",
    .help = HELP,
    .run = run,
};
