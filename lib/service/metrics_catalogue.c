/* SPDX-License-Identifier: Apache-2.0
 * The table itself, and its two printed forms. */
#include <string.h>

#include "service/metrics_cells.h"

static const struct metric_row ROWS[] = {
#define METRIC(id, kind, title, names, bounds, text)                                               \
    {.name = (title), .labels = (names), .buckets = (bounds), .help = (text), .type = (kind)},
#include "service/metrics.def"
#undef METRIC
};
static const char *const TYPE_NAMES[] = {
    [METRIC_COUNTER] = "counter",     [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram", [METRIC_MICRO_COUNTER] = "counter",
    [METRIC_MICRO_GAUGE] = "gauge",
};

const struct metric_row *metric_row(enum metric metric)
{
    return &ROWS[metric];
}

const char *metric_type_name(enum metric_type type)
{
    return TYPE_NAMES[type];
}

void metrics_print_catalogue(FILE *out)
{
    struct buf text = {0};

    for (size_t i = 0; i < METRIC_COUNT; i++)
        buf_addf(&text, "hikyaku_%s\t%s\t%s\t%s\n", ROWS[i].name, metric_type_name(ROWS[i].type),
                 ROWS[i].labels, ROWS[i].help);
    (void)fwrite(text.at, 1, text.len, out);
    buf_free(&text);
}

void metrics_print_reference(FILE *out)
{
    struct buf text = {0};

    buf_add_str(&text, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < METRIC_COUNT; i++)
        buf_addf(&text, "| `hikyaku_%s` | %s | %s | %s |\n", ROWS[i].name,
                 metric_type_name(ROWS[i].type), ROWS[i].labels, ROWS[i].help);
    (void)fwrite(text.at, 1, text.len, out);
    buf_free(&text);
}
