/* SPDX-License-Identifier: Apache-2.0
 * The libconfig tree of one file with its overrides, and where each node of it came from. Not for
 * other folders. */
#pragma once

#include <libconfig.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct conf_tree {
    config_t config;
    const char *file;
    struct arena *arena; /* the texts of the overrides */
    struct buf text;     /* of the file, as it was read */
};

/* The file must outlive the tree. The error's text begins with "file:line: ". Free it in any case.
 */
MUST_CHECK int conf_tree_read(struct conf_tree *tree, const char *file, struct err *err);
/* "section.name=value", "section.[0].name=value", "section=value". */
MUST_CHECK int conf_tree_override(struct conf_tree *tree, const char *override, struct err *err);
void conf_tree_free(struct conf_tree *tree);

/* Parses one value of the file's syntax; false when it is none. config is initialised here and
 * destroyed by the caller in any case. */
bool conf_tree_parse_value(config_t *config, const char *text, config_setting_t **ret_node);
/* "hikyaku.conf:12", or "--set a.b=c" for what an override put there, or the file for NULL. */
void conf_tree_place(const struct conf_tree *tree, const config_setting_t *node, struct buf *out);
/* Number of children of a group, list or array; the one of that index; its name, "" in lists. */
unsigned conf_node_count(const config_setting_t *node);
const config_setting_t *conf_node_child(const config_setting_t *node, unsigned i);
const char *conf_node_name(const config_setting_t *node);
