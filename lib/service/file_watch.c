/* SPDX-License-Identifier: Apache-2.0
 * Looks at the files' stamps from time to time. inotify would have to follow every link and folder
 * on the way to a file; a look costs some µs. Reads no file. */
#include "service/file_watch.h"

#include "base/file.h"
#include "base/xalloc.h"

#define SETTLE_MS 500

struct watched {
    const char *path;
    struct file_stamp stamp;
};

struct file_watch {
    struct file_watch_plan plan;
    struct loop_timer *timer;
    struct watched *files;
    size_t count;
    bool is_unsettled; /* changed at the latest look */
};

static void add(void *owner, const char *path)
{
    struct file_watch *watch = owner;

    watch->files = xrealloc(watch->files, (watch->count + 1) * sizeof *watch->files);
    watch->files[watch->count++] = (struct watched){path, file_stamp_of(path)};
}

static bool has_changed(struct file_watch *watch)
{
    bool has_changed = false;

    for (size_t i = 0; i < watch->count; i++) {
        struct file_stamp now = file_stamp_of(watch->files[i].path);
        has_changed = has_changed || !file_stamp_eq(&now, &watch->files[i].stamp);
        watch->files[i].stamp = now;
    }
    return has_changed;
}

static void look(void *owner)
{
    struct file_watch *watch = owner;
    bool was_unsettled = watch->is_unsettled;

    watch->is_unsettled = has_changed(watch);
    loop_timer_start(watch->timer, watch->is_unsettled ? SETTLE_MS : watch->plan.interval_ms);
    if (was_unsettled && !watch->is_unsettled)
        watch->plan.on_changed(watch->plan.owner);
}

struct file_watch *file_watch_new(struct loop *loop, const struct file_watch_plan *plan)
{
    struct file_watch *watch = xalloc(sizeof *watch);

    watch->plan = *plan;
    watch->timer = loop_timer_new(loop, look, watch);
    add(watch, plan->source->file);
    conf_each_file(plan->conf, plan->source->sections, add, watch);
    if (plan->interval_ms > 0)
        loop_timer_start(watch->timer, plan->interval_ms);
    return watch;
}

void file_watch_forgive(struct file_watch *watch)
{
    (void)has_changed(watch);
    watch->is_unsettled = false;
}

void file_watch_free(struct file_watch **watch)
{
    if (!*watch)
        return;
    loop_timer_free(&(*watch)->timer);
    xfree((*watch)->files);
    xfree(*watch);
    *watch = NULL;
}
