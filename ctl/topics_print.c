/* SPDX-License-Identifier: Apache-2.0
 * Table and JSON of `topics`. */
#include "ctl/topics_print.h"

#include <jansson.h>
#include <stdio.h>

static const char *verdict(const struct topics_result *result, size_t i)
{
    static const char *const words[] = {
        [TOPICS_MISSING] = "missing", [TOPICS_SMALL] = "too few",   [TOPICS_DIFFERS] = "differs",
        [TOPICS_NOTE] = "fixed",      [TOPICS_REFUSED] = "REFUSED",
    };

    if (result->done[i] == TOPICS_CREATED)
        return "created";
    if (result->done[i] == TOPICS_GROWN)
        return "grown";
    return words[result->differences[i].grade];
}

void topics_print_table(const struct topics_result *result)
{
    if (result->count == 0) {
        (void)puts("all topics are as they should be");
        return;
    }
    (void)printf("%-24s %-30s %-16s %-30s %s\n", "TOPIC", "WHAT", "IS", "SHOULD BE", "");
    for (size_t i = 0; i < result->count; i++) {
        const struct topics_difference *d = &result->differences[i];
        (void)printf("%-24s %-30s %-16s %-30s %s\n", d->name, d->what, d->is, d->should_be,
                     verdict(result, i));
    }
    for (size_t i = 0; i < result->count; i++) {
        const struct topics_difference *d = &result->differences[i];
        if (d->grade == TOPICS_REFUSED)
            (void)printf("refused: topic %s has %s=%s and would forget mail that waits for its "
                         "retry; at least %s is needed (longest retry period + 24 h)\n",
                         d->name, d->what, d->is, d->should_be);
    }
}

void topics_print_json(const struct topics_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->count; i++) {
        const struct topics_difference *d = &result->differences[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "topic", d->name, "what",
                                              d->what, "is", d->is, "should_be", d->should_be,
                                              "verdict", verdict(result, i)));
    }
    json_t *root = json_pack("{s:b, s:o}", "good", (int)result->is_good, "differences", list);
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(root);
}
