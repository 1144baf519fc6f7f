/* SPDX-License-Identifier: Apache-2.0
 * Counting and wording faults. Not for other folders. */
#pragma once

#include "conf/conf.h"
#include "conf/tree.h"

struct conf_report {
    const struct conf_faults *faults;
    const struct conf_tree *tree;
    size_t count;
};

/* "place: sentence"; node NULL: the file as a whole. */
void conf_fault(struct conf_report *report, const config_setting_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A sentence that has its place already. */
void conf_fault_sentence(struct conf_report *report, const char *sentence);
