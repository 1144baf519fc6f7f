/* SPDX-License-Identifier: Apache-2.0
 * Prints one event of each kind, a line each, for event_schemas.py. */
#include <stdio.h>

#include "proto/event.h"
#include "sample.h"

int main(void)
{
    static const struct delays delays = {.has = {true, true}, .ms = {3, 5}};
    struct arena *arena = arena_new(4096);
    struct buf out = {0};

    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        struct record_work *work = sample_work(arena);
        bool has_report = kind == EVENT_BOUNCED || kind == EVENT_BOUNCE_FORWARDED;
        if (kind == EVENT_DELIVERED)
            work->copy = (struct record_copy){SLICE("archive.example.com"), 25};
        const struct event event = {
            .kind = (enum event_kind)kind,
            .source = "sender",
            .pod = "pod-1",
            .at_ms = 1457420518005,
            .work = work,
            .due_ms = kind == EVENT_DEFERRED ? 1457420758005 : 0,
            .delays = kind == EVENT_DELIVERED ? &delays : NULL,
            .report_id = has_report ? SLICE("k7q2w5m3x4a6b2c7d3ef") : SLICE_NONE,
        };
        event_put(&out, &event);
        buf_add_char(&out, '\n');
    }
    size_t written = fwrite(out.at, 1, out.len, stdout);
    int rc = written == out.len ? 0 : 1;
    buf_free(&out);
    arena_free(&arena);
    return rc;
}
