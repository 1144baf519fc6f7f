/* SPDX-License-Identifier: Apache-2.0
 * Command-line overrides, grafted onto the tree as if the file had said so; the node's hook keeps
 * the text of the override, which is then the place named in faults. */
#include "conf/tree.h"

#define ELEMENTS_MAX 1000

/* One override on its way down the tree. */
struct graft {
    struct conf_tree *tree;
    char *text; /* the override, arena lifetime */
    config_setting_t *at;
};

static void copy_scalar(config_setting_t *to, const config_setting_t *from)
{
    switch (config_setting_type(from)) {
    case CONFIG_TYPE_INT:
        (void)config_setting_set_int(to, config_setting_get_int(from));
        break;
    case CONFIG_TYPE_INT64:
        (void)config_setting_set_int64(to, config_setting_get_int64(from));
        break;
    case CONFIG_TYPE_FLOAT:
        (void)config_setting_set_float(to, config_setting_get_float(from));
        break;
    case CONFIG_TYPE_BOOL:
        (void)config_setting_set_bool(to, config_setting_get_bool(from));
        break;
    default:
        (void)config_setting_set_string(to, config_setting_get_string(from));
        break;
    }
}

/* Recursion is bounded by the nesting libconfig itself accepted on one command-line argument. */
static void copy_node(const struct graft *graft, config_setting_t *parent, const char *name,
                      const config_setting_t *from)
{
    config_setting_t *to = config_setting_add(parent, name, config_setting_type(from));

    if (!to)
        return;
    config_setting_set_hook(to, graft->text);
    if (!config_setting_is_aggregate(from))
        copy_scalar(to, from);
    for (unsigned i = 0; i < conf_node_count(from); i++) {
        const config_setting_t *child = conf_node_child(from, i);
        copy_node(graft, to, config_setting_name(child), child);
    }
}

static config_setting_t *add(const struct graft *graft, const char *name, int type)
{
    config_setting_t *node = config_setting_add(graft->at, name, type);

    if (node)
        config_setting_set_hook(node, graft->text);
    return node;
}

/* "[3]": the element of that index; the one past the last is made. */
static int enter_element(struct graft *graft, struct slice step, struct err *err)
{
    uint64_t index;

    if (step.len < 3 || step.at[step.len - 1] != ']' ||
        !slice_to_u64(slice_sub(step, 1, step.len - 1), ELEMENTS_MAX, &index) ||
        !config_setting_is_list(graft->at) || index > conf_node_count(graft->at))
        return err_set(err, ERR_INVALID, "there is no element %.*s; allowed: up to [%u]",
                       SLICE_ARGS(step), conf_node_count(graft->at));
    if (index == conf_node_count(graft->at))
        graft->at = add(graft, NULL, CONFIG_TYPE_GROUP);
    else
        graft->at = config_setting_get_elem(graft->at, (unsigned)index);
    return 0;
}

static int enter_member(struct graft *graft, struct slice step, int type, struct err *err)
{
    const char *name = arena_str(graft->tree->arena, step);
    config_setting_t *member = config_setting_get_member(graft->at, name);

    if (!member)
        member = add(graft, name, type);
    if (!member || config_setting_type(member) != type)
        return err_set(err, ERR_INVALID,
                       "\"%s\" is no %s; allowed: section.name=value, or "
                       "section.[0].name=value for lists",
                       name, type == CONFIG_TYPE_LIST ? "list" : "group");
    graft->at = member;
    return 0;
}

static int enter(struct graft *graft, struct slice step, struct slice rest, struct err *err)
{
    bool is_list = slice_starts_nocase(rest, SLICE("["));

    if (slice_starts_nocase(step, SLICE("[")))
        return enter_element(graft, step, err);
    return enter_member(graft, step, is_list ? CONFIG_TYPE_LIST : CONFIG_TYPE_GROUP, err);
}

static int set_leaf(struct graft *graft, struct slice name_slice, struct slice value,
                    struct err *err)
{
    const char *name = arena_str(graft->tree->arena, name_slice);
    config_setting_t *node;
    config_t config;
    int rc = 0;

    if (!config_setting_is_group(graft->at))
        return err_set(err, ERR_INVALID,
                       "allowed: section.name=value, or section.[0].name=value "
                       "for lists");
    (void)config_setting_remove(graft->at, name);
    if (conf_tree_parse_value(&config, arena_str(graft->tree->arena, value), &node)) {
        copy_node(graft, graft->at, name, node);
    } else {
        node = add(graft, name, CONFIG_TYPE_STRING);
        if (node)
            (void)config_setting_set_string(node, arena_str(graft->tree->arena, value));
    }
    if (!config_setting_get_member(graft->at, name))
        rc = err_set(err, ERR_INVALID,
                     "\"%s\" is no name of a setting; allowed: letters, digits, "
                     "_ and -",
                     name);
    config_destroy(&config);
    return rc;
}

int conf_tree_override(struct conf_tree *tree, const char *override, struct err *err)
{
    struct graft graft = {.tree = tree, .at = config_root_setting(&tree->config)};
    struct slice value = slice_str(override);
    struct slice path = slice_cut(&value, '=');
    int rc = 0;

    graft.text = arena_str(tree->arena, slice_str(override));
    if (slice_find(slice_str(override), '=') == strlen(override))
        rc = err_set(err, ERR_INVALID, "there is no \"=\"; allowed: section.name=value");
    while (rc == 0 && slice_find(path, '.') < path.len) {
        struct slice step = slice_cut(&path, '.');
        rc = enter(&graft, step, path, err);
    }
    if (rc == 0)
        rc = set_leaf(&graft, path, value, err);
    return rc == 0 ? 0 : err_wrap(err, "--set %s", override);
}
