/* SPDX-License-Identifier: Apache-2.0
 * Picking one mail's events out of all. */
#include "ctl/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void history_init(struct history *history, const char *mail_id)
{
    *history = (struct history){.mail_id = mail_id};
}

void history_clear(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        json_decref(history->events[i].root);
    xfree(history->events);
    *history = (struct history){0};
}

static bool is_about(const struct history *history, const struct event_read *event)
{
    return strcmp(event->mail_id, history->mail_id) == 0 ||
           strcmp(event->report_id, history->mail_id) == 0;
}

static bool is_repeat(const struct history *history, const struct event_read *event)
{
    for (size_t i = 0; i < history->count; i++)
        if (strcmp(history->events[i].id, event->id) == 0)
            return true;
    return false;
}

static void add(struct history *history, const struct event_read *event)
{
    if (history->count == history->room) {
        history->room = history->room ? history->room * 2 : 16;
        history->events = xrealloc(history->events, history->room * sizeof *history->events);
    }
    history->events[history->count++] = *event;
}

void history_on_record(struct history *history, const struct bus_delivery *delivery)
{
    struct slice value = delivery->value;
    struct event_read event;

    history->records++;
    if (history->oldest_ms == 0 || delivery->stored_at_ms < history->oldest_ms)
        history->oldest_ms = delivery->stored_at_ms;
    if (delivery->stored_at_ms > history->newest_ms)
        history->newest_ms = delivery->stored_at_ms;
    /* Nearly all are about other mails: not worth to be parsed. */
    if (value.len == 0 || !memmem(value.at, value.len, history->mail_id, strlen(history->mail_id)))
        return;
    if (!event_read(value, &event))
        return;
    if (is_about(history, &event) && !is_repeat(history, &event))
        add(history, &event);
    else
        json_decref(event.root);
}

static int by_time(const void *left, const void *right)
{
    const struct event_read *a = left, *b = right;

    return strcmp(a->time, b->time);
}

void history_sort(struct history *history)
{
    if (history->count > 0)
        qsort(history->events, history->count, sizeof *history->events, by_time);
}
