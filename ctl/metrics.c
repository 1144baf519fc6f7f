/* SPDX-License-Identifier: Apache-2.0
 * hikyakuctl metrics: the figures of nodes for a person. Prometheus is for everything else. */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "ctl/metrics_fetch.h"
#include "ctl/metrics_read.h"
#include "ctl/verb.h"
#include "net/clock.h"

#define DEFAULT_ADDRESS "127.0.0.1:9090"
#define PREFIX          "hikyaku_"

static const char HELP[] =
    "usage: hikyakuctl metrics [--address HOST:PORT]... [--wait SECONDS] [--json]\n"
    "\n"
    "Prints what nodes count, grouped by service. Of a histogram: observations, mean, and the\n"
    "values below which 50 % and 99 % lie. docs/metrics.md says what each one means.\n"
    "\n"
    "  --address HOST:PORT  ops address of a node (service.ops_address); may be repeated;\n"
    "                       default 127.0.0.1:9090\n"
    "  --wait SECONDS       look twice, so far apart, and print counters as rates per second\n"
    "  --json               print JSON\n"
    "\n"
    "exit: 0 printed; 1 a node does not answer; 2 wrong arguments\n"
    "\n"
    "examples:\n"
    "  hikyakuctl metrics --address 10.0.0.7:9090 --wait 10\n"
    "  hikyakuctl metrics --address sender-0:9090 --address sender-1:9090 --json\n";

struct node { /* as printed */
    const char *address;
    struct arena *arena;
    struct metrics_page page, before; /* before: with --wait */
    double elapsed_s;                 /* 0: looked once */
};

static int look(struct arena *arena, const char *address, struct metrics_page *ret_page,
                struct err *err)
{
    struct buf text = {0};
    int result = metrics_fetch(address, &text, err);

    if (result == 0)
        metrics_read(arena, arena_copy(arena, buf_slice(&text)), ret_page);
    buf_free(&text);
    return result;
}

static int look_twice(struct node *node, int64_t wait_s, struct err *err)
{
    if (look(node->arena, node->address, &node->page, err))
        return -1;
    if (wait_s == 0)
        return 0;
    uint64_t begun_ms = clock_monotonic_ms();
    node->before = node->page;
    (void)poll(NULL, 0, (int)wait_s * 1000);
    if (look(node->arena, node->address, &node->page, err))
        return -1;
    node->elapsed_s = (double)(clock_monotonic_ms() - begun_ms) / 1000;
    return 0;
}

/* Per second; a node that started anew between the looks has none. */
static double rate_of(const struct node *node, const struct metrics_series *series)
{
    const struct metrics_series *before = metrics_find(&node->before, series);
    double grown = series->value - (before ? before->value : 0);

    return grown > 0 ? grown / node->elapsed_s : 0;
}

static bool is_rate(const struct node *node, const struct metrics_series *series)
{
    return node->elapsed_s > 0 && series->kind != METRICS_GAUGE;
}

/* ---- for people ---- */

static struct slice short_name(const struct metrics_series *series)
{
    return slice_starts_nocase(series->name, slice_str(PREFIX))
               ? slice_skip(series->name, strlen(PREFIX))
               : series->name;
}

static struct slice group_of(const struct metrics_series *series)
{
    static const char *const groups[] = {"ingress", "bus", "scheduler", "sender", "bouncer"};
    struct slice rest = short_name(series);
    struct slice first = slice_cut(&rest, '_');

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (slice_eq(first, slice_str(groups[i])))
            return first;
    return slice_str("node");
}

static void print_line(const struct node *node, const struct metrics_series *series)
{
    struct slice name = short_name(series);

    (void)printf("  %-40.*s %14.*g%s", SLICE_ARGS(name), is_rate(node, series) ? 4 : 12,
                 is_rate(node, series) ? rate_of(node, series) : series->value,
                 is_rate(node, series) ? "/s" : "  ");
    if (series->kind == METRICS_HISTOGRAM && series->value > 0)
        (void)printf("  mean %.3g, 50 %% %.3g, 99 %% %.3g", series->sum / series->value,
                     metrics_quantile(series, 0.5), metrics_quantile(series, 0.99));
    if (series->labels.len)
        (void)printf("  %.*s", SLICE_ARGS(series->labels));
    (void)puts("");
}

static void print_group(const struct node *node, const char *group)
{
    bool is_headed = false;

    for (size_t i = 0; i < node->page.count; i++) {
        const struct metrics_series *series = &node->page.series[i];
        if (!slice_eq(group_of(series), slice_str(group)))
            continue;
        if (!is_headed)
            (void)printf("\n%s\n", group);
        is_headed = true;
        print_line(node, series);
    }
}

static void print_node(const struct node *node)
{
    static const char *const groups[] = {"node",      "ingress", "sender",
                                         "scheduler", "bouncer", "bus"};

    (void)printf("== %s ==\n", node->address);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        print_group(node, groups[i]);
    (void)puts("");
}

/* ---- for programs ---- */

static json_t *series_json(const struct node *node, const struct metrics_series *series)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    json_t *object =
        json_pack("{s:s%, s:s%, s:s, s:f}", "name", series->name.at, series->name.len, "labels",
                  series->labels.len ? series->labels.at : "", series->labels.len, "type",
                  kinds[series->kind], "value", series->value);

    if (is_rate(node, series))
        json_object_set_new(object, "rate", json_real(rate_of(node, series)));
    if (series->kind == METRICS_HISTOGRAM) {
        json_object_set_new(object, "sum", json_real(series->sum));
        json_object_set_new(object, "p50", json_real(metrics_quantile(series, 0.5)));
        json_object_set_new(object, "p99", json_real(metrics_quantile(series, 0.99)));
    }
    return object;
}

static json_t *node_json(const struct node *node)
{
    json_t *list = json_array();

    for (size_t i = 0; i < node->page.count; i++)
        json_array_append_new(list, series_json(node, &node->page.series[i]));
    return json_pack("{s:s, s:o}", "address", node->address, "metrics", list);
}

/* ---- the verb ---- */

static int show(const char *address, const struct arguments *arguments, json_t *list)
{
    struct node node = {.address = address, .arena = arena_new(65536)};
    struct err err;
    int result = look_twice(&node, arguments->wait_s, &err);

    if (result)
        (void)fprintf(stderr, "%s\n", err.text);
    else if (arguments->is_json)
        json_array_append_new(list, node_json(&node));
    else
        print_node(&node);
    arena_free(&node.arena);
    return result;
}

static enum ctl_exit run(const struct arguments *arguments)
{
    static const char *const local[] = {DEFAULT_ADDRESS, NULL};
    const char *const *addresses = arguments->addresses[0] ? arguments->addresses : local;
    enum ctl_exit result = CTL_OK;

    if (arguments->words[1]) {
        (void)fputs("metrics takes no further words (see hikyakuctl metrics --help)\n", stderr);
        return CTL_USAGE;
    }
    json_t *list = json_array();
    for (; *addresses; addresses++)
        if (show(*addresses, arguments, list))
            result = CTL_FAILED;
    if (arguments->is_json) {
        (void)json_dumpf(list, stdout, JSON_INDENT(2));
        (void)puts("");
    }
    json_decref(list);
    return result;
}

const struct verb METRICS_VERB = {
    .name = "metrics",
    .summary = "what nodes count, for a person",
    .help = HELP,
    .run = run,
};
