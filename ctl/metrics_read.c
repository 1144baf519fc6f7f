/* SPDX-License-Identifier: Apache-2.0
 * Only what our own ops port writes: a TYPE line before each family, labels without a comma in
 * them, le as a bucket's last label. */
#include "ctl/metrics_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct arena *arena;
    struct metrics_page page;
    size_t room;
    struct slice family;
    enum metrics_kind kind;
};

static bool has_prefix(struct slice text, struct slice prefix)
{
    return slice_eq(slice_sub(text, 0, prefix.len), prefix);
}

static void read_type(struct reading *reading, struct slice line)
{
    struct slice rest = slice_skip(line, strlen("# TYPE "));

    reading->family = slice_cut(&rest, ' ');
    reading->kind = slice_eq(rest, slice_str("counter"))     ? METRICS_COUNTER
                    : slice_eq(rest, slice_str("histogram")) ? METRICS_HISTOGRAM
                                                             : METRICS_GAUGE;
}

/* The last series when it is this one: the lines of a histogram come together. */
static struct metrics_series *find_or_add(struct reading *reading, struct slice labels)
{
    struct metrics_page *page = &reading->page;
    struct metrics_series *last = page->count ? &page->series[page->count - 1] : NULL;

    if (last && reading->kind == METRICS_HISTOGRAM && slice_eq(last->name, reading->family) &&
        slice_eq(last->labels, labels))
        return last;
    if (page->count == reading->room) {
        struct metrics_series *more =
            arena_alloc(reading->arena, (reading->room + 256) * sizeof *more);
        if (page->count)
            memcpy(more, page->series, page->count * sizeof *more);
        page->series = more;
        reading->room += 256;
    }
    struct metrics_series *series = &page->series[page->count++];
    *series =
        (struct metrics_series){.name = reading->family, .labels = labels, .kind = reading->kind};
    return series;
}

static double number(struct reading *reading, struct slice text)
{
    return strtod(arena_str(reading->arena, text), NULL);
}

static void add_bucket(struct reading *reading, struct slice labels, double value)
{
    size_t at = slice_find_slice(labels, slice_str("le=\""));

    if (at >= labels.len)
        return;
    struct slice bound = slice_skip(labels, at + 4);
    struct slice others = slice_sub(labels, 0, at > 0 ? at - 1 : 0);
    struct metrics_series *series = find_or_add(reading, others);
    if (series->buckets == METRICS_BUCKETS_MAX)
        return;
    series->upper[series->buckets] = number(reading, slice_cut(&bound, '"'));
    series->upto[series->buckets++] = value;
}

static void read_sample(struct reading *reading, struct slice line)
{
    size_t space = slice_rfind(line, ' ');
    size_t brace = slice_find(line, '{');
    size_t name_end = brace < line.len ? brace : space;
    struct slice name = slice_sub(line, 0, name_end), labels = {0};

    if (space >= line.len || !has_prefix(name, reading->family))
        return;
    if (brace + 1 < space)
        labels = slice_sub(line, brace + 1, space - 1);
    double value = number(reading, slice_skip(line, space + 1));
    struct slice suffix = slice_skip(name, reading->family.len);
    if (slice_eq(suffix, slice_str("_bucket")))
        add_bucket(reading, labels, value);
    else if (slice_eq(suffix, slice_str("_sum")))
        find_or_add(reading, labels)->sum = value;
    else
        find_or_add(reading, labels)->value = value;
}

void metrics_read(struct arena *arena, struct slice text, struct metrics_page *ret_page)
{
    struct reading reading = {.arena = arena, .family = slice_str("\n")};

    while (text.len > 0) {
        struct slice line = slice_cut(&text, '\n');
        if (has_prefix(line, SLICE("# TYPE ")))
            read_type(&reading, line);
        else if (line.len > 0 && line.at[0] != '#')
            read_sample(&reading, line);
    }
    *ret_page = reading.page;
}

const struct metrics_series *metrics_find(const struct metrics_page *page,
                                          const struct metrics_series *like)
{
    for (size_t i = 0; i < page->count; i++)
        if (slice_eq(page->series[i].name, like->name) &&
            slice_eq(page->series[i].labels, like->labels))
            return &page->series[i];
    return NULL;
}

double metrics_quantile(const struct metrics_series *series, double share)
{
    double wanted = series->value * share, below = 0, lower = 0;

    for (unsigned i = 0; i < series->buckets; i++) {
        double upper = series->upper[i], inside = series->upto[i] - below;
        if (isinf(upper))
            break;
        if (series->upto[i] >= wanted && inside > 0)
            return lower + (upper - lower) * (wanted - below) / inside;
        below = series->upto[i];
        lower = upper;
    }
    return lower;
}
