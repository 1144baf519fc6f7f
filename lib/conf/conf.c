/* SPDX-License-Identifier: Apache-2.0
 * Reading: walks the tree against the tables, fills in the structs, reports every fault. The values
 * live in one arena for as long as the configuration. */
#include "conf/conf.h"

#include "base/assert.h"
#include "base/xalloc.h"
#include "conf/fault.h"
#include "conf/names.h"
#include "conf/suggest.h"
#include "conf/value.h"

struct conf_group { /* the structs of one section */
    const struct conf_section *section;
    void *values;
    size_t count;
    void *defaults; /* of a list */
};

struct conf {
    struct arena *arena;
    struct slice text;
    struct conf_group *groups;
    size_t count;
};

struct reading {
    struct conf *conf;
    struct conf_report report;
};

static struct conf_group *find_group(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->count; i++)
        if (strcmp(conf->groups[i].section->name, name) == 0)
            return &conf->groups[i];
    return NULL;
}

static const struct conf_setting *find_setting(const struct conf_section *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->settings[i].name, name) == 0)
            return &section->settings[i];
    return NULL;
}

static void add_known(struct buf *out, const char *name)
{
    buf_add_str(out, out->len > 0 ? ", " : "");
    buf_add_str(out, name);
}

static void fault_unknown_section(struct reading *reading, const config_setting_t *node)
{
    struct conf_suggestion near = {0};
    struct buf known = {0};

    for (size_t i = 0; i < reading->conf->count; i++) {
        conf_suggest(&near, conf_node_name(node), reading->conf->groups[i].section->name);
        add_known(&known, reading->conf->groups[i].section->name);
    }
    if (near.name)
        conf_fault(&reading->report, node, "unknown section \"%s\"; did you mean \"%s\"?",
                   conf_node_name(node), near.name);
    else
        conf_fault(&reading->report, node, "unknown section \"%s\"; allowed: %s",
                   conf_node_name(node), buf_str(&known));
    buf_free(&known);
}

static void read_setting(struct reading *reading, const struct conf_section *section,
                         const struct conf_setting *setting, const config_setting_t *group,
                         void *values)
{
    const config_setting_t *node = group ? conf_names_find(group, setting) : NULL;
    struct arena *arena = reading->conf->arena;
    struct buf allowed = {0};
    struct err err;

    if (node) {
        if (conf_value_read(node, setting, arena, values, &err) != 0)
            conf_fault(&reading->report, node, "%s.%s %s", section->name, setting->name, err.text);
    } else if (setting->fallback) {
        if (conf_value_default(setting, arena, values, &err) != 0)
            conf_fault(&reading->report, group, "the default of %s.%s %s", section->name,
                       setting->name, err.text);
    } else {
        conf_value_allowed(setting, &allowed);
        conf_fault(&reading->report, group, "%s.%s is missing; allowed: %s", section->name,
                   setting->name, buf_str(&allowed));
    }
    buf_free(&allowed);
}

/* group NULL: the section is absent from the file. */
static void read_struct(struct reading *reading, const struct conf_section *section,
                        const config_setting_t *group, void *values)
{
    size_t faults_before = reading->report.count;
    struct err err;

    if (group)
        conf_names_check(&reading->report, section, group);
    for (size_t i = 0; i < section->count; i++)
        read_setting(reading, section, &section->settings[i], group, values);
    if (reading->report.count == faults_before && section->check &&
        section->check(values, &err) != 0)
        conf_fault(&reading->report, group, "%s: %s", section->name, err.text);
}

static void read_plain(struct reading *reading, struct conf_group *group,
                       const config_setting_t *node)
{
    const struct conf_section *section = group->section;

    if (node && !config_setting_is_group(node)) {
        conf_fault(&reading->report, node, "\"%s\" is no group; allowed: %s: { name = value; };",
                   section->name, section->name);
        return;
    }
    group->count = 1;
    group->values = arena_alloc(reading->conf->arena, section->size);
    read_struct(reading, section, node, group->values);
}

/* Mandatory settings stay zero. */
static void read_defaults(struct reading *reading, struct conf_group *group)
{
    const struct conf_section *section = group->section;
    struct err err;

    group->defaults = arena_alloc(reading->conf->arena, section->size);
    for (size_t i = 0; i < section->count; i++) {
        const struct conf_setting *setting = &section->settings[i];
        if (setting->fallback &&
            conf_value_default(setting, reading->conf->arena, group->defaults, &err) != 0)
            conf_fault(&reading->report, NULL, "the default of %s.%s %s", section->name,
                       setting->name, err.text);
    }
}

static void read_list(struct reading *reading, struct conf_group *group,
                      const config_setting_t *node)
{
    const struct conf_section *section = group->section;
    unsigned count = node ? conf_node_count(node) : 0;

    if (node && !config_setting_is_list(node)) {
        conf_fault(&reading->report, node,
                   "\"%s\" is no list; allowed: %s = ( { name = value; } );", section->name,
                   section->name);
        return;
    }
    group->values = arena_alloc(reading->conf->arena, count * section->size);
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *element = conf_node_child(node, i);
        if (!config_setting_is_group(element))
            conf_fault(&reading->report, element,
                       "an element of \"%s\" is no group; allowed: "
                       "{ name = value; }",
                       section->name);
        else
            read_struct(reading, section, element, (char *)group->values + i * section->size);
    }
    group->count = count;
}

static void read_sections(struct reading *reading)
{
    const config_setting_t *root = config_root_setting(&reading->report.tree->config);

    for (unsigned i = 0; i < conf_node_count(root); i++) {
        const config_setting_t *node = conf_node_child(root, i);
        if (!find_group(reading->conf, conf_node_name(node)))
            fault_unknown_section(reading, node);
    }
    for (size_t i = 0; i < reading->conf->count; i++) {
        struct conf_group *group = &reading->conf->groups[i];
        const config_setting_t *node = config_setting_get_member(root, group->section->name);
        if (group->section->is_list) {
            read_defaults(reading, group);
            read_list(reading, group, node);
        } else if (group->section->settings) {
            read_plain(reading, group, node);
        }
    }
}

static void check_among(struct reading *reading)
{
    const config_setting_t *root = config_root_setting(&reading->report.tree->config);
    struct err err;

    for (size_t i = 0; i < reading->conf->count; i++) {
        const struct conf_group *group = &reading->conf->groups[i];
        const struct conf_section *section = group->section;
        const config_setting_t *node = config_setting_get_member(root, section->name);
        for (size_t j = 0; section->check_among && j < group->count; j++)
            if (section->check_among(reading->conf, j, &err) != 0)
                conf_fault(&reading->report,
                           section->is_list ? conf_node_child(node, (unsigned)j) : node, "%s: %s",
                           section->name, err.text);
    }
}

static void read_tree(struct reading *reading, struct conf_tree *tree, const char *const *overrides)
{
    struct err err;

    for (; overrides && *overrides; overrides++)
        if (conf_tree_override(tree, *overrides, &err) != 0)
            conf_fault_sentence(&reading->report, err.text);
    read_sections(reading);
    if (reading->report.count == 0)
        check_among(reading);
}

static struct conf *conf_new(const struct conf_section *const *sections)
{
    struct conf *conf = xalloc(sizeof *conf);

    while (sections[conf->count])
        conf->count++;
    conf->arena = arena_new(4096);
    conf->groups = arena_alloc(conf->arena, conf->count * sizeof *conf->groups);
    for (size_t i = 0; i < conf->count; i++)
        conf->groups[i].section = sections[i];
    return conf;
}

int conf_read(const char *file, const char *const *overrides,
              const struct conf_section *const *sections, const struct conf_faults *faults,
              struct conf **ret_conf)
{
    struct conf_tree tree;
    struct reading reading = {.report = {.faults = faults, .tree = &tree}};
    struct err err;

    reading.conf = conf_new(sections);
    if (conf_tree_read(&tree, file, &err) != 0)
        conf_fault_sentence(&reading.report, err.text);
    else
        read_tree(&reading, &tree, overrides);
    reading.conf->text = arena_copy(reading.conf->arena, buf_slice(&tree.text));
    conf_tree_free(&tree);
    if (reading.report.count > 0) {
        conf_free(&reading.conf);
        return -1;
    }
    *ret_conf = reading.conf;
    return 0;
}

void conf_free(struct conf **conf)
{
    if (!*conf)
        return;
    arena_free(&(*conf)->arena);
    xfree(*conf);
    *conf = NULL;
}

struct slice conf_text(const struct conf *conf)
{
    return conf->text;
}

static const struct conf_group *group_of(const struct conf *conf,
                                         const struct conf_section *section)
{
    const struct conf_group *group = find_group(conf, section->name);
    ASSERT(group != NULL && group->section == section);
    return group;
}

const void *conf_values(const struct conf *conf, const struct conf_section *section)
{
    const struct conf_group *group = group_of(conf, section);
    ASSERT(!section->is_list);
    return group->values;
}

const void *conf_element(const struct conf *conf, const struct conf_section *section, size_t i)
{
    const struct conf_group *group = group_of(conf, section);
    ASSERT(section->is_list && i < group->count);
    return (const char *)group->values + i * section->size;
}

const void *conf_defaults(const struct conf *conf, const struct conf_section *section)
{
    const struct conf_group *group = group_of(conf, section);
    ASSERT(section->is_list);
    return group->defaults;
}

size_t conf_count(const struct conf *conf, const struct conf_section *section)
{
    return group_of(conf, section)->count;
}

void conf_set_string(struct conf *conf, const struct conf_section *section, const char *name,
                     const char *value)
{
    const struct conf_group *group = group_of(conf, section);
    const struct conf_setting *setting = find_setting(section, name);

    ASSERT(!section->is_list && setting != NULL && setting->type == CONF_STRING);
    *(const char **)(void *)((char *)group->values + setting->offset) =
        arena_str(conf->arena, slice_str(value));
}
