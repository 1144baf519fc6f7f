/* SPDX-License-Identifier: Apache-2.0
 * Which counters start at 0. A series that begins with its first event shows no increase
 * (prometheus.io/docs/practices/instrumentation, "avoid missing metrics"): the alert that waits for
 * that event would stay silent. Not for counters of traffic: their second event comes soon. */
#include <string.h>

#include "service/metrics.h"

#define LABELS_MAX 3

struct metric_zero {
    const char *part; /* the role, or "process" */
    enum metric metric;
    const char *labels[LABELS_MAX];
};

static const struct metric_zero ZEROS[] = {
    {"process", METRIC_CONFIG_RELOADS, {"ok"}},
    {"process", METRIC_CONFIG_RELOADS, {"refused"}},
    {"ingress", METRIC_INGRESS_SHED, {"log"}},
    {"ingress", METRIC_INGRESS_SHED, {"memory"}},
    {"ingress", METRIC_INGRESS_SHED, {"room"}},
    {"scheduler", METRIC_DEAD, {"timer", "invalid"}},
    {"sender", METRIC_DEAD, {"work", "body"}},
    {"sender", METRIC_DEAD, {"work", "copy"}},
    {"sender", METRIC_DEAD, {"work", "undecodable"}},
    {"sender", METRIC_SENDER_BLOCKED, {NULL}},
    {"sender", METRIC_SENDER_EXPIRED, {NULL}},
    {"sender", METRIC_SENDER_PARKED, {"log"}},
    {"sender", METRIC_SENDER_PARKED, {"memory"}},
    {"sender", METRIC_SENDER_PARKED, {"share"}},
    {"sender", METRIC_SENDER_UNCERTAIN, {NULL}},
    {"bouncer", METRIC_DEAD, {"failure", "poison"}},
    {"bouncer", METRIC_BOUNCER_BODY_MISSING, {NULL}},
    {"bouncer", METRIC_BOUNCER_DOUBLE, {NULL}},
};

void metrics_zero(struct metrics *metrics, const char *part)
{
    for (size_t i = 0; i < sizeof ZEROS / sizeof *ZEROS; i++)
        if (strcmp(ZEROS[i].part, part) == 0)
            metrics_add(metrics, ZEROS[i].metric, ZEROS[i].labels, 0);
}
