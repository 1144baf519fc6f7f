/* SPDX-License-Identifier: Apache-2.0
 * Destination groups: the operator's rollup of destinations, for metrics and the log, by suffixes
 * of their MX hosts' names, else of their domains. A bounded number of them, so that series stay
 * few. Pure values. */
#pragma once

#include "base/slice.h"
#include "conf/conf.h"

#define DEST_GROUPS_MAX     33 /* with the one for all others */
#define DEST_GROUP_SUFFIXES 16 /* of hosts, and of domains */
#define DEST_GROUP_OTHER    ((size_t)0)

/* The list "destination_groups": {name, mx, domains}; without any, the built-in ones count. */
extern const struct conf_section DESTINATION_GROUPS_SECTION;

struct dest_group_values { /* an element of it; suffixes in lower case, NULL-terminated */
    const char *name;
    const char *const *mx, *const *domains;
};

/* Element i of conf's list or of the built-in one; NULL behind the last. */
const struct dest_group_values *dest_group_values_at(const struct conf *conf, size_t i);

struct dest_groups;

/* conf outlives it. */
struct dest_groups *dest_groups_new(const struct conf *conf);
/* NULL accepted, NULL set. */
void dest_groups_free(struct dest_groups **groups);
/* The group with the longest suffix of the host's name, else of the domain, at the boundaries of
 * labels and in any letter case; else DEST_GROUP_OTHER. Either name may be empty. */
size_t dest_groups_find(const struct dest_groups *groups, struct slice mx_host,
                        struct slice domain);
/* As long as the groups. */
const char *dest_group_name(const struct dest_groups *groups, size_t group);
