/* SPDX-License-Identifier: Apache-2.0
 * What is different between two configurations. */
#pragma once

#include "conf/conf.h"

enum conf_change_kind { CONF_CHANGED, CONF_ADDED, CONF_REMOVED };

/* One difference. ADDED and REMOVED are about a whole element of a list; the texts are values as a
 * file says them, with their unit, secrets as "***", and live during the callback. */
struct conf_change {
    enum conf_change_kind kind;
    const struct conf_section *section;
    const char *element;                /* of a list: its key, or its place ("[2]"); else NULL */
    const struct conf_setting *setting; /* CHANGED */
    const char *before, *after;         /* CHANGED */
};

struct conf_changes {
    void (*on_change)(void *owner, const struct conf_change *change);
    void *owner;
};

/* What is different in `after`, in the order of sections and tables; for an element that was added,
 * what it has unlike the defaults. Both were read with these sections; those of other programs are
 * not compared. */
void conf_diff(const struct conf *before, const struct conf *after,
               const struct conf_section *const *sections, const struct conf_changes *changes);
/* sender.tls, listeners "smtp" port, or an element as a whole */
void conf_change_put_name(const struct conf_change *change, struct buf *out);
/* configurations "default" retry.a_s: 480 s -> 300 s */
void conf_change_put(const struct conf_change *change, struct buf *out);
