/* SPDX-License-Identifier: Apache-2.0
 * Names of settings, at the top of a section's group and one level below. */
#include "conf/names.h"

#include "conf/suggest.h"

struct level { /* a group of the file, and where it is in the section */
    const struct conf_section *section;
    struct slice nested; /* empty: the section's own group */
    const config_setting_t *group;
};

struct slice conf_names_nested(const struct conf_setting *setting)
{
    struct slice name = slice_str(setting->name);
    size_t dot = slice_find(name, '.');

    return dot == name.len ? SLICE_NONE : slice_sub(name, 0, dot);
}

const char *conf_names_leaf(const struct conf_setting *setting)
{
    struct slice nested = conf_names_nested(setting);
    return nested.len ? setting->name + nested.len + 1 : setting->name;
}

static const config_setting_t *member_of(const config_setting_t *group, struct slice name)
{
    for (unsigned i = 0; group && i < conf_node_count(group); i++)
        if (slice_eq(slice_str(conf_node_name(conf_node_child(group, i))), name))
            return conf_node_child(group, i);
    return NULL;
}

const config_setting_t *conf_names_find(const config_setting_t *group,
                                        const struct conf_setting *setting)
{
    struct slice nested = conf_names_nested(setting);

    if (nested.len)
        group = member_of(group, nested);
    return member_of(group, slice_str(conf_names_leaf(setting)));
}

static bool is_at(const struct level *level, const struct conf_setting *setting)
{
    return slice_eq(conf_names_nested(setting), level->nested);
}

static bool is_setting(const struct level *level, struct slice name)
{
    const struct conf_section *section = level->section;

    for (size_t i = 0; i < section->count; i++)
        if (is_at(level, &section->settings[i]) &&
            slice_eq(slice_str(conf_names_leaf(&section->settings[i])), name))
            return true;
    return false;
}

static bool is_nested(const struct level *level, struct slice name)
{
    const struct conf_section *section = level->section;

    for (size_t i = 0; level->nested.len == 0 && i < section->count; i++)
        if (name.len && slice_eq(conf_names_nested(&section->settings[i]), name))
            return true;
    return false;
}

/* What the setting is called on this level, "" when it is elsewhere. */
static const char *known_as(const struct level *level, const struct conf_setting *setting,
                            struct arena *arena)
{
    if (is_at(level, setting))
        return conf_names_leaf(setting);
    return level->nested.len ? "" : arena_str(arena, conf_names_nested(setting));
}

static void fault_unknown(struct conf_report *report, const struct level *level,
                          const config_setting_t *node)
{
    struct arena *arena = arena_new(1024);
    struct conf_suggestion near = {0};
    struct buf known = {0};
    const char *before = "", *dot = level->nested.len ? "." : "";

    for (size_t i = 0; i < level->section->count; i++) {
        const char *name = known_as(level, &level->section->settings[i], arena);
        if (name[0] == '\0' || strcmp(name, before) == 0)
            continue;
        conf_suggest(&near, conf_node_name(node), name);
        buf_addf(&known, "%s%s", known.len > 0 ? ", " : "", name);
        before = name;
    }
    if (near.name)
        conf_fault(report, node, "unknown setting \"%s.%.*s%s%s\"; did you mean \"%s\"?",
                   level->section->name, SLICE_ARGS(level->nested), dot, conf_node_name(node),
                   near.name);
    else
        conf_fault(report, node, "unknown setting \"%s.%.*s%s%s\"; allowed: %s",
                   level->section->name, SLICE_ARGS(level->nested), dot, conf_node_name(node),
                   buf_str(&known));
    buf_free(&known);
    arena_free(&arena);
}

/* Those nested groups of the level that are groups are left to the caller. */
static void check_level(struct conf_report *report, const struct level *level)
{
    for (unsigned i = 0; i < conf_node_count(level->group); i++) {
        const config_setting_t *node = conf_node_child(level->group, i);
        const char *name = conf_node_name(node);
        bool is_group = is_nested(level, slice_str(name));
        if (is_group && !config_setting_is_group(node))
            conf_fault(report, node, "\"%s.%s\" is no group; allowed: %s: { name = value; };",
                       level->section->name, name, name);
        else if (!is_group && !is_setting(level, slice_str(name)))
            fault_unknown(report, level, node);
    }
}

void conf_names_check(struct conf_report *report, const struct conf_section *section,
                      const config_setting_t *group)
{
    const struct level top = {section, SLICE_NONE, group};

    check_level(report, &top);
    for (unsigned i = 0; i < conf_node_count(group); i++) {
        const config_setting_t *node = conf_node_child(group, i);
        const struct level below = {section, slice_str(conf_node_name(node)), node};
        if (is_nested(&top, below.nested) && config_setting_is_group(node))
            check_level(report, &below);
    }
}
