/* SPDX-License-Identifier: Apache-2.0
 * The files behind the settings. Opens none of them. */
#include "conf/conf.h"

struct walk {
    void (*on_file)(void *owner, const char *path);
    void *owner;
};

static void look_at_value(const struct walk *walk, const struct conf_setting *setting,
                          const char *value)
{
    const char *path = setting->file_of(value);

    if (path)
        walk->on_file(walk->owner, path);
}

static void look_at_setting(const struct walk *walk, const struct conf_setting *setting,
                            const void *values)
{
    const void *at = (const char *)values + setting->offset;

    if (!setting->file_of)
        return;
    if (setting->type == CONF_STRING) {
        look_at_value(walk, setting, *(const char *const *)at);
        return;
    }
    for (const char *const *each = *(const char *const *const *)at; *each; each++)
        look_at_value(walk, setting, *each);
}

static void look_at_struct(const struct walk *walk, const struct conf_section *section,
                           const void *values)
{
    for (size_t i = 0; i < section->count; i++)
        look_at_setting(walk, &section->settings[i], values);
}

const char *conf_path(const char *value)
{
    return value[0] ? value : NULL;
}

void conf_each_file(const struct conf *conf, const struct conf_section *const *sections,
                    void (*on_file)(void *owner, const char *path), void *owner)
{
    const struct walk walk = {on_file, owner};

    for (; *sections; sections++) {
        if ((*sections)->settings && !(*sections)->is_list)
            look_at_struct(&walk, *sections, conf_values(conf, *sections));
        for (size_t i = 0; (*sections)->is_list && i < conf_count(conf, *sections); i++)
            look_at_struct(&walk, *sections, conf_element(conf, *sections, i));
    }
}
