/* SPDX-License-Identifier: Apache-2.0
 * Notices that files were replaced: the settings file and every file it names. In a cluster they
 * are links that are switched, and nobody sends a signal. Main thread only. Not for other folders.
 */
#pragma once

#include "net/loop.h"
#include "service/source.h"

struct file_watch;

struct file_watch_plan { /* the source and conf outlive the watch */
    const struct source *source;
    const struct conf *conf; /* of the start: no setting that names a file is live */
    uint64_t interval_ms;    /* between looks; 0: never looks */
    /* Some have changed since the start or the latest file_watch_forgive, and have then stayed the
     * same for a moment: whoever writes them has finished. */
    void (*on_changed)(void *owner);
    void *owner;
};

struct file_watch *file_watch_new(struct loop *loop, const struct file_watch_plan *plan);
/* What the files are now is known: they are being read for another reason. */
void file_watch_forgive(struct file_watch *watch);
/* NULL accepted, NULL set. */
void file_watch_free(struct file_watch **watch);
