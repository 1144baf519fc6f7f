/* SPDX-License-Identifier: Apache-2.0
 * What is different between two configurations: values are compared as they are, not as they are
 * printed, because a secret that changed prints the same. */
#include "conf/diff.h"

#include "base/assert.h"
#include "conf/value.h"

#define SECRET "\"***\""

struct comparison {
    const struct conf *before, *after;
    const struct conf_changes *changes;
};

/* ---- values ---- */

static bool is_same_list(const char *const *before, const char *const *after)
{
    while (*before && *after && strcmp(*before, *after) == 0)
        before++, after++;
    return !*before && !*after;
}

static bool is_same(const struct conf_setting *setting, const void *before, const void *after)
{
    const void *old_at = (const char *)before + setting->offset;
    const void *new_at = (const char *)after + setting->offset;

    switch (setting->type) {
    case CONF_BOOL:
        return *(const bool *)old_at == *(const bool *)new_at;
    case CONF_STRING:
        return strcmp(*(const char *const *)old_at, *(const char *const *)new_at) == 0;
    case CONF_STRINGS:
        return is_same_list(*(const char *const *const *)old_at,
                            *(const char *const *const *)new_at);
    case CONF_INT:
    case CONF_SIZE:
    case CONF_WORD:
        break;
    }
    return *(const int64_t *)old_at == *(const int64_t *)new_at;
}

static void put_value(const struct conf_setting *setting, const void *values, struct buf *out)
{
    if (conf_value_is_secret(setting)) {
        buf_add_str(out, SECRET);
        return;
    }
    conf_value_print(setting, values, out);
    if (setting->type == CONF_INT && setting->unit && setting->unit[0])
        buf_addf(out, " %s", setting->unit);
}

static void compare_setting(const struct comparison *comparison, struct conf_change change,
                            const void *before, const void *after)
{
    struct buf old_text = {0}, new_text = {0};

    if (is_same(change.setting, before, after))
        return;
    put_value(change.setting, before, &old_text);
    put_value(change.setting, after, &new_text);
    change.before = buf_str(&old_text);
    change.after = buf_str(&new_text);
    comparison->changes->on_change(comparison->changes->owner, &change);
    buf_free(&old_text);
    buf_free(&new_text);
}

static void compare_structs(const struct comparison *comparison, struct conf_change change,
                            const void *before, const void *after)
{
    for (size_t i = 0; i < change.section->count; i++) {
        change.setting = &change.section->settings[i];
        compare_setting(comparison, change, before, after);
    }
}

/* ---- lists ---- */

static const char *key_of(const struct conf *conf, const struct conf_section *section, size_t i)
{
    const char *values = conf_element(conf, section, i);

    for (size_t j = 0; j < section->count; j++)
        if (strcmp(section->settings[j].name, section->key) == 0)
            return *(const char *const *)(const void *)(values + section->settings[j].offset);
    ASSERT(!"the key is one of the settings");
    return NULL;
}

/* How many before it have the same key: the second of a name is compared with the second. */
static size_t rank_of(const struct conf *conf, const struct conf_section *section, size_t i)
{
    const char *key = key_of(conf, section, i);
    size_t rank = 0;

    for (size_t j = 0; j < i; j++)
        rank += strcmp(key_of(conf, section, j), key) == 0;
    return rank;
}

/* The element of `in` that is the same as element i of `conf`; its count: none. */
static size_t twin_of(const struct conf *in, const struct conf *conf,
                      const struct conf_section *section, size_t i)
{
    size_t count = conf_count(in, section);

    if (!section->key)
        return i < count ? i : count;
    const char *key = key_of(conf, section, i);
    size_t rank = rank_of(conf, section, i);
    for (size_t j = 0; j < count; j++)
        if (strcmp(key_of(in, section, j), key) == 0 && rank-- == 0)
            return j;
    return count;
}

static void name_element(const struct conf *conf, const struct conf_section *section, size_t i,
                         struct buf *out)
{
    if (section->key)
        conf_quote(key_of(conf, section, i), out);
    else
        buf_addf(out, "[%zu]", i);
}

/* An element that was added: where it is not as by default. What has no default is not said. */
static void describe(const struct comparison *comparison, struct conf_change change,
                     const void *after)
{
    const void *defaults = conf_defaults(comparison->after, change.section);

    change.kind = CONF_CHANGED;
    for (size_t i = 0; i < change.section->count; i++) {
        change.setting = &change.section->settings[i];
        if (change.setting->fallback &&
            (!change.section->key || strcmp(change.setting->name, change.section->key) != 0))
            compare_setting(comparison, change, defaults, after);
    }
}

static void compare_element(const struct comparison *comparison, const struct conf_section *section,
                            size_t i)
{
    size_t twin = twin_of(comparison->before, comparison->after, section, i);
    struct conf_change change = {.kind = CONF_ADDED, .section = section};
    struct buf name = {0};

    name_element(comparison->after, section, i, &name);
    change.element = buf_str(&name);
    const void *after = conf_element(comparison->after, section, i);
    if (twin == conf_count(comparison->before, section)) {
        comparison->changes->on_change(comparison->changes->owner, &change);
        describe(comparison, change, after);
    } else {
        change.kind = CONF_CHANGED;
        compare_structs(comparison, change, conf_element(comparison->before, section, twin), after);
    }
    buf_free(&name);
}

static void tell_if_removed(const struct comparison *comparison, const struct conf_section *section,
                            size_t i)
{
    struct conf_change change = {.kind = CONF_REMOVED, .section = section};
    struct buf name = {0};

    if (twin_of(comparison->after, comparison->before, section, i) <
        conf_count(comparison->after, section))
        return;
    name_element(comparison->before, section, i, &name);
    change.element = buf_str(&name);
    comparison->changes->on_change(comparison->changes->owner, &change);
    buf_free(&name);
}

static void compare_lists(const struct comparison *comparison, const struct conf_section *section)
{
    for (size_t i = 0; i < conf_count(comparison->before, section); i++)
        tell_if_removed(comparison, section, i);
    for (size_t i = 0; i < conf_count(comparison->after, section); i++)
        compare_element(comparison, section, i);
}

void conf_diff(const struct conf *before, const struct conf *after,
               const struct conf_section *const *sections, const struct conf_changes *changes)
{
    const struct comparison comparison = {before, after, changes};

    for (; *sections; sections++) {
        const struct conf_change change = {.kind = CONF_CHANGED, .section = *sections};
        if (!(*sections)->settings)
            continue;
        if ((*sections)->is_list)
            compare_lists(&comparison, *sections);
        else
            compare_structs(&comparison, change, conf_values(before, *sections),
                            conf_values(after, *sections));
    }
}

void conf_change_put_name(const struct conf_change *change, struct buf *out)
{
    buf_add_str(out, change->section->name);
    if (change->element)
        buf_addf(out, " %s", change->element);
    if (change->setting)
        buf_addf(out, "%c%s", change->element ? ' ' : '.', change->setting->name);
}

void conf_change_put(const struct conf_change *change, struct buf *out)
{
    conf_change_put_name(change, out);
    switch (change->kind) {
    case CONF_CHANGED:
        buf_addf(out, ": %s -> %s", change->before, change->after);
        break;
    case CONF_ADDED:
        buf_add_str(out, ": added");
        break;
    case CONF_REMOVED:
        buf_add_str(out, ": removed");
        break;
    }
}
