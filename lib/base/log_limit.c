/* SPDX-License-Identifier: Apache-2.0
 * Counting lines by event and second. */
#include "base/log_limit.h"

#include <string.h>

static struct log_limit_event *find(struct log_limit *limit, const char *name)
{
    for (size_t i = 0; i < limit->count; i++)
        if (strcmp(limit->events[i].name, name) == 0)
            return &limit->events[i];
    if (limit->count == LOG_LIMIT_EVENTS) {
        limit->events[LOG_LIMIT_EVENTS - 1].name = "others";
        return &limit->events[LOG_LIMIT_EVENTS - 1];
    }
    limit->events[limit->count].name = name;
    return &limit->events[limit->count++];
}

/* What was left out before stays, to be told. */
bool log_limit_admits(struct log_limit *limit, const char *name, int64_t now_s)
{
    struct log_limit_event *event;

    if (!limit->per_second)
        return true;
    event = find(limit, name);
    if (event->second != now_s) {
        event->second = now_s;
        event->written = 0;
    }
    if (event->written < limit->per_second) {
        event->written++;
        return true;
    }
    limit->owing += event->left_out == 0;
    limit->left_out++;
    event->left_out++;
    return false;
}

const char *log_limit_owed(struct log_limit *limit, int64_t now_s, uint64_t *ret_left_out)
{
    for (size_t i = 0; limit->owing && i < limit->count; i++) {
        struct log_limit_event *event = &limit->events[i];
        if (!event->left_out || event->second == now_s)
            continue;
        *ret_left_out = event->left_out;
        event->left_out = 0;
        limit->owing--;
        return event->name;
    }
    return NULL;
}
