/* SPDX-License-Identifier: Apache-2.0
 * The names in a group of the file: "retry.a_s" in a table is a_s in a nested group retry. Not for
 * other folders. */
#pragma once

#include "conf/fault.h"

/* Where the setting is in its section's group; NULL: nowhere. */
const config_setting_t *conf_names_find(const config_setting_t *group,
                                        const struct conf_setting *setting);
/* Reports each name that is no setting of the section, and what ought to be a nested group but is
 * none. */
void conf_names_check(struct conf_report *report, const struct conf_section *section,
                      const config_setting_t *group);
/* "retry" of "retry.a_s"; empty: no nested group. */
struct slice conf_names_nested(const struct conf_setting *setting);
/* "a_s" of "retry.a_s", and of "a_s". */
const char *conf_names_leaf(const struct conf_setting *setting);
