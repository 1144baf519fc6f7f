/* SPDX-License-Identifier: Apache-2.0
 * "file:line: what is wrong and what is allowed". */
#include "conf/fault.h"

#include <stdarg.h>

void conf_fault_sentence(struct conf_report *report, const char *sentence)
{
    report->count++;
    report->faults->on_fault(report->faults->owner, sentence);
}

void conf_fault(struct conf_report *report, const config_setting_t *node, const char *format, ...)
{
    struct buf sentence = {0};
    va_list args;

    conf_tree_place(report->tree, node, &sentence);
    buf_add_str(&sentence, ": ");
    va_start(args, format);
    buf_addv(&sentence, format, args);
    va_end(args);
    conf_fault_sentence(report, buf_str(&sentence));
    buf_free(&sentence);
}
