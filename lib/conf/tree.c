/* SPDX-License-Identifier: Apache-2.0
 * Reading a file into a libconfig tree. Overrides are in override.c. */
#include "conf/tree.h"

#include "conf/text.h"

static int parse(struct conf_tree *tree, struct slice text, struct err *err)
{
    struct buf wide = {0};
    unsigned include_line = conf_text_widen(text, &wide);
    int is_read = config_read_string(&tree->config, buf_str(&wide));

    buf_free(&wide);
    if (include_line > 0)
        return err_set(err, ERR_INVALID, "%s:%u: @include is not supported; allowed: one file",
                       tree->file, include_line);
    if (!is_read)
        return err_set(
            err, ERR_INVALID,
            "%s:%d: %s; allowed: libconfig syntax, such as: section: { name = \"value\"; };",
            tree->file, config_error_line(&tree->config), config_error_text(&tree->config));
    return 0;
}

int conf_tree_read(struct conf_tree *tree, const char *file, struct err *err)
{
    config_init(&tree->config);
    tree->file = file;
    tree->text = (struct buf){0};
    tree->arena = arena_new(1024);
    if (conf_text_read(file, &tree->text, err) != 0)
        return err_wrap(err, "%s", file);
    return parse(tree, buf_slice(&tree->text), err);
}

void conf_tree_free(struct conf_tree *tree)
{
    config_destroy(&tree->config);
    buf_free(&tree->text);
    arena_free(&tree->arena);
}

bool conf_tree_parse_value(config_t *config, const char *text, config_setting_t **ret_node)
{
    struct buf line = {0}, wide = {0};

    config_init(config);
    buf_addf(&line, "value = %s;", text);
    bool is_value = conf_text_widen(buf_slice(&line), &wide) == 0 &&
                    config_read_string(config, buf_str(&wide)) &&
                    conf_node_count(config_root_setting(config)) == 1;
    buf_free(&line);
    buf_free(&wide);
    if (is_value)
        *ret_node = config_setting_get_elem(config_root_setting(config), 0);
    return is_value;
}

void conf_tree_place(const struct conf_tree *tree, const config_setting_t *node, struct buf *out)
{
    const char *override = node ? config_setting_get_hook(node) : NULL;

    if (override)
        buf_addf(out, "--set %s", override);
    else if (node && config_setting_source_line(node) > 0)
        buf_addf(out, "%s:%u", tree->file, config_setting_source_line(node));
    else
        buf_add_str(out, tree->file);
}

unsigned conf_node_count(const config_setting_t *node)
{
    return config_setting_is_aggregate(node) ? (unsigned)config_setting_length(node) : 0;
}

const config_setting_t *conf_node_child(const config_setting_t *node, unsigned i)
{
    return config_setting_get_elem(node, i);
}

const char *conf_node_name(const config_setting_t *node)
{
    const char *name = config_setting_name(node);
    return name ? name : "";
}
