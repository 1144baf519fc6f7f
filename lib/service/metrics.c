/* SPDX-License-Identifier: Apache-2.0
 * Series and their figures, for the one thread that owns them. */
#include "service/metrics.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/xalloc.h"
#include "service/metrics_cells.h"

static void parse_bounds(const char *text, struct metric_bounds *bounds)
{
    while (*text) {
        char *end;
        ASSERT(bounds->count < METRIC_BUCKETS_MAX);
        bounds->upper[bounds->count++] = strtod(text, &end);
        ASSERT(end != text);
        text = *end == ',' ? end + 1 : end;
    }
}

struct metrics *metrics_new(void)
{
    struct metrics *metrics = xalloc(sizeof *metrics);

    for (size_t i = 0; i < METRIC_COUNT; i++)
        parse_bounds(metric_row((enum metric)i)->buckets, &metrics->families[i].bounds);
    return metrics;
}

static void free_cells(struct metric_family *family)
{
    struct metric_cell *cell = atomic_load(&family->first);

    while (cell) {
        struct metric_cell *next = cell->next;
        xfree(cell);
        cell = next;
    }
    map_free(&family->series);
}

void metrics_free(struct metrics **metrics)
{
    if (!*metrics)
        return;
    for (size_t i = 0; i < METRIC_COUNT; i++)
        free_cells(&(*metrics)->families[i]);
    xfree(*metrics);
    *metrics = NULL;
}

static struct metric_cell *add_cell(struct metric_family *family, struct slice labels)
{
    struct metric_cell *cell = xalloc(sizeof *cell + labels.len);
    char *key = (char *)(cell + 1);

    if (labels.len > 0)
        memcpy(key, labels.at, labels.len);
    cell->labels = slice_of(key, labels.len);
    cell->bounds = &family->bounds;
    cell->next = atomic_load_explicit(&family->first, memory_order_relaxed);
    map_put(&family->series, &cell->node, cell->labels);
    /* Release: whoever sees the cell sees it complete. */
    atomic_store_explicit(&family->first, cell, memory_order_release);
    return cell;
}

static struct metric_cell *find_or_add(struct metric_family *family, const struct buf *labels)
{
    struct map_node *node = map_get(&family->series, buf_slice(labels));

    return node ? MAP_OWNER(node, struct metric_cell, node) : add_cell(family, buf_slice(labels));
}

static unsigned join_labels(const char *const *values, struct buf *out)
{
    unsigned count = 0;

    for (; values[count]; count++)
        buf_add(out, slice_of(values[count], strlen(values[count]) + 1));
    return count;
}

static unsigned label_count(const char *names)
{
    unsigned count = names[0] != '\0';

    for (; *names; names++)
        count += *names == ',';
    return count;
}

/* The series all others are folded into. */
static struct metric_cell *overflow(struct metrics *metrics, enum metric metric, struct buf *labels)
{
    const struct metric_row *row = metric_row(metric);

    if (metric != METRIC_SERIES_DROPPED)
        metrics_add(metrics, METRIC_SERIES_DROPPED, METRIC_LABELS(row->name), 1);
    buf_clear(labels);
    for (unsigned i = 0; i < label_count(row->labels); i++)
        buf_add(labels, slice_of("other", sizeof "other"));
    return find_or_add(&metrics->families[metric], labels);
}

struct metric_cell *metrics_cell(struct metrics *metrics, enum metric metric,
                                 const char *const *values)
{
    struct buf labels = {0};
    struct metric_cell *cell;

    if (!metrics)
        return NULL;
    struct metric_family *family = &metrics->families[metric];
    ASSERT(join_labels(values, &labels) == label_count(metric_row(metric)->labels));
    if (family->series.count >= METRIC_SERIES_MAX && !map_get(&family->series, buf_slice(&labels)))
        cell = overflow(metrics, metric, &labels);
    else
        cell = find_or_add(family, &labels);
    buf_free(&labels);
    return cell;
}

/* One writer: a load and a store, no locked instruction. */
void metric_add(struct metric_cell *cell, uint64_t n)
{
    if (!cell)
        return;
    int64_t value = atomic_load_explicit(&cell->value, memory_order_relaxed);
    atomic_store_explicit(&cell->value, value + (int64_t)n, memory_order_relaxed);
}

void metric_set(struct metric_cell *cell, int64_t value)
{
    if (cell)
        atomic_store_explicit(&cell->value, value, memory_order_relaxed);
}

void metric_observe(struct metric_cell *cell, double value)
{
    unsigned i = 0;

    if (!cell)
        return;
    while (i < cell->bounds->count && value > cell->bounds->upper[i])
        i++;
    uint64_t count = atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
    double sum = atomic_load_explicit(&cell->sum, memory_order_relaxed);
    atomic_store_explicit(&cell->buckets[i], count + 1, memory_order_relaxed);
    atomic_store_explicit(&cell->sum, sum + value, memory_order_relaxed);
    metric_add(cell, 1);
}

void metric_set_durations(struct metric_cell *cell, const struct durations *durations)
{
    if (!cell)
        return;
    ASSERT(cell->bounds->count == DURATIONS_BUCKETS - 1);
    for (unsigned i = 0; i < DURATIONS_BUCKETS; i++)
        atomic_store_explicit(&cell->buckets[i], durations->buckets[i], memory_order_relaxed);
    atomic_store_explicit(&cell->sum, (double)durations->sum_us / 1e6, memory_order_relaxed);
    metric_set(cell, (int64_t)durations_count(durations));
}

void metrics_add(struct metrics *metrics, enum metric metric, const char *const *values, uint64_t n)
{
    metric_add(metrics_cell(metrics, metric, values), n);
}

void metrics_set(struct metrics *metrics, enum metric metric, const char *const *values,
                 int64_t value)
{
    metric_set(metrics_cell(metrics, metric, values), value);
}
