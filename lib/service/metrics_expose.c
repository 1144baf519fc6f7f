/* SPDX-License-Identifier: Apache-2.0
 * The text exposition, version 0.0.4. Series of several roles with equal labels are added up. */
#include <inttypes.h>

#include "base/arena.h"
#include "service/metrics_cells.h"

struct total { /* one series over all roles */
    struct map_node node;
    struct total *next;
    struct slice labels;
    int64_t value;
    double sum;
    uint64_t buckets[METRIC_BUCKETS_MAX + 1];
};

struct totals { /* of one metric */
    struct arena *arena;
    struct map by_labels;
    struct total *first;
};

static void add_cell(struct totals *totals, const struct metric_cell *cell)
{
    struct map_node *node = map_get(&totals->by_labels, cell->labels);
    struct total *total = node ? MAP_OWNER(node, struct total, node) : NULL;

    if (!total) {
        total = arena_alloc(totals->arena, sizeof *total);
        total->labels = cell->labels;
        total->next = totals->first;
        totals->first = total;
        map_put(&totals->by_labels, &total->node, total->labels);
    }
    total->value += atomic_load_explicit(&cell->value, memory_order_relaxed);
    total->sum += atomic_load_explicit(&cell->sum, memory_order_relaxed);
    for (unsigned i = 0; i <= cell->bounds->count; i++)
        total->buckets[i] += atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
}

static void add_escaped(struct buf *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            buf_add_char(out, '\\');
        if (*value == '\n')
            buf_add_str(out, "\\n");
        else
            buf_add_char(out, *value);
    }
}

/* {name="value",...}; le: of a histogram's bucket, NULL: none. */
static void add_labels(struct buf *out, const char *names, struct slice values, const char *le)
{
    struct slice rest = slice_str(names);
    const char *separator = "{";

    while (rest.len > 0) {
        struct slice name = slice_cut(&rest, ',');
        struct slice value = slice_cut(&values, '\0');
        buf_addf(out, "%s%.*s=\"", separator, SLICE_ARGS(name));
        add_escaped(out, value.at);
        buf_add_char(out, '"');
        separator = ",";
    }
    if (le)
        buf_addf(out, "%sle=\"%s\"", separator, le);
    if (le || names[0])
        buf_add_char(out, '}');
}

static void add_bucket(struct buf *out, const struct metric_row *row, const struct total *total,
                       const char *le, uint64_t count)
{
    buf_addf(out, "hikyaku_%s_bucket", row->name);
    add_labels(out, row->labels, total->labels, le);
    buf_addf(out, " %" PRIu64 "\n", count);
}

/* le is printed as the table has it. The count is the +Inf bucket, so that the two always agree. */
static void add_histogram(struct buf *out, const struct metric_row *row, const struct total *total)
{
    struct slice rest = slice_str(row->buckets);
    uint64_t count = 0;
    unsigned i = 0;

    while (rest.len > 0) {
        struct slice bound = slice_cut(&rest, ',');
        char le[24] = {0};
        memcpy(le, bound.at, bound.len < sizeof le ? bound.len : sizeof le - 1);
        count += total->buckets[i++];
        add_bucket(out, row, total, le, count);
    }
    count += total->buckets[i];
    add_bucket(out, row, total, "+Inf", count);
    buf_addf(out, "hikyaku_%s_sum", row->name);
    add_labels(out, row->labels, total->labels, NULL);
    buf_addf(out, " %.17g\nhikyaku_%s_count", total->sum, row->name);
    add_labels(out, row->labels, total->labels, NULL);
    buf_addf(out, " %" PRIu64 "\n", count);
}

static void add_value(struct buf *out, const struct metric_row *row, const struct total *total)
{
    buf_addf(out, "hikyaku_%s", row->name);
    add_labels(out, row->labels, total->labels, NULL);
    if (row->type == METRIC_MICRO_COUNTER || row->type == METRIC_MICRO_GAUGE)
        buf_addf(out, " %.6f\n", (double)total->value / 1e6);
    else
        buf_addf(out, " %" PRId64 "\n", total->value);
}

static void add_family(struct buf *out, const struct metric_row *row, const struct totals *totals)
{
    if (!totals->first)
        return;
    buf_addf(out, "# HELP hikyaku_%s %s\n# TYPE hikyaku_%s %s\n", row->name, row->help, row->name,
             metric_type_name(row->type));
    for (const struct total *total = totals->first; total; total = total->next)
        if (row->type == METRIC_HISTOGRAM)
            add_histogram(out, row, total);
        else
            add_value(out, row, total);
}

void metrics_expose(struct metrics *const *roles, size_t count, struct buf *out)
{
    struct arena *arena = arena_new(16384);

    for (size_t metric = 0; metric < METRIC_COUNT; metric++) {
        struct totals totals = {.arena = arena};
        for (size_t i = 0; i < count; i++) {
            const struct metric_family *family = &roles[i]->families[metric];
            const struct metric_cell *cell =
                atomic_load_explicit(&family->first, memory_order_acquire);
            for (; cell; cell = cell->next)
                add_cell(&totals, cell);
        }
        add_family(out, metric_row((enum metric)metric), &totals);
        map_free(&totals.by_labels);
        arena_reset(arena);
    }
    arena_free(&arena);
}
