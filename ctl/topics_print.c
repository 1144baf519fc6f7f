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

static json_t *want_object(const struct topics_want *want)
{
    json_t *settings = json_object();

    for (size_t i = 0; i < want->count; i++)
        json_object_set_new(settings, want->settings[i].name, json_string(want->settings[i].value));
    return json_pack("{s:s, s:i, s:i, s:o}", "topic", want->name, "partitions",
                     (int)want->partitions, "replication", (int)want->replication, "settings",
                     settings);
}

static void print_want(const struct topics_want *want)
{
    (void)printf("%s: %d partitions, %d replicas\n", want->name, (int)want->partitions,
                 (int)want->replication);
    for (size_t i = 0; i < want->count; i++)
        (void)printf("  %s=%s%s\n", want->settings[i].name, want->settings[i].value,
                     want->settings[i].is_minimum ? " or more" : "");
}

void topics_print_wants(const struct topics_want *wants, size_t count, bool is_json)
{
    json_t *list = is_json ? json_array() : NULL;

    for (size_t i = 0; i < count; i++)
        if (list)
            json_array_append_new(list, want_object(&wants[i]));
        else
            print_want(&wants[i]);
    if (!list)
        return;
    (void)json_dumpf(list, stdout, JSON_INDENT(2));
    (void)puts("");
    json_decref(list);
}
