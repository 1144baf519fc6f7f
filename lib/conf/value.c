/* SPDX-License-Identifier: Apache-2.0
 * Types, bounds and further rules of one setting. */
#include "conf/value.h"

#include <inttypes.h>

#define GIVEN_MAX_BYTES 80 /* of a value that is quoted back */

static void *member(const struct conf_setting *setting, void *values)
{
    return (char *)values + setting->offset;
}

static void add_given(const config_setting_t *node, struct buf *out)
{
    switch (config_setting_type(node)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        buf_addf(out, "%lld", config_setting_get_int64(node));
        break;
    case CONFIG_TYPE_FLOAT:
        buf_addf(out, "%g", config_setting_get_float(node));
        break;
    case CONFIG_TYPE_STRING:
        buf_addf(out, "\"%.*s\"", GIVEN_MAX_BYTES, config_setting_get_string(node));
        break;
    case CONFIG_TYPE_BOOL:
        buf_add_str(out, config_setting_get_bool(node) ? "true" : "false");
        break;
    case CONFIG_TYPE_GROUP:
        buf_add_str(out, "a group { }");
        break;
    default:
        buf_addf(out, "a list of %u", conf_node_count(node));
        break;
    }
}

static int refuse(const config_setting_t *node, const struct conf_setting *setting, struct err *err)
{
    struct buf text = {0};

    buf_add_str(&text, "is ");
    add_given(node, &text);
    buf_add_str(&text, "; allowed: ");
    conf_value_allowed(setting, &text);
    (void)err_set(err, ERR_INVALID, "%s", buf_str(&text));
    buf_free(&text);
    return -1;
}

static bool is_between(int64_t value, const struct conf_setting *setting)
{
    return value >= setting->min && value <= setting->max;
}

static bool is_count_between(size_t count, const struct conf_setting *setting)
{
    return count >= (size_t)setting->min && (setting->max == 0 || count <= (size_t)setting->max);
}

static bool is_integer(const config_setting_t *node)
{
    return config_setting_type(node) == CONFIG_TYPE_INT ||
           config_setting_type(node) == CONFIG_TYPE_INT64;
}

static bool is_string(const config_setting_t *node)
{
    return config_setting_type(node) == CONFIG_TYPE_STRING;
}

static bool read_int(const config_setting_t *node, const struct conf_setting *setting, void *values)
{
    if (!is_integer(node) || !is_between(config_setting_get_int64(node), setting))
        return false;
    *(int64_t *)member(setting, values) = config_setting_get_int64(node);
    return true;
}

static bool read_size(const config_setting_t *node, const struct conf_setting *setting,
                      void *values)
{
    int64_t bytes;

    if (is_integer(node))
        return read_int(node, setting, values);
    if (!is_string(node) || !conf_size_parse(slice_str(config_setting_get_string(node)), &bytes) ||
        !is_between(bytes, setting))
        return false;
    *(int64_t *)member(setting, values) = bytes;
    return true;
}

static bool read_bool(const config_setting_t *node, const struct conf_setting *setting,
                      void *values)
{
    if (config_setting_type(node) != CONFIG_TYPE_BOOL)
        return false;
    *(bool *)member(setting, values) = config_setting_get_bool(node);
    return true;
}

static bool read_word(const config_setting_t *node, const struct conf_setting *setting,
                      void *values)
{
    for (size_t i = 0; is_string(node) && setting->words[i]; i++)
        if (strcmp(setting->words[i], config_setting_get_string(node)) == 0) {
            *(int64_t *)member(setting, values) = (int64_t)i;
            return true;
        }
    return false;
}

static int check(const struct conf_setting *setting, const char *value, struct err *err)
{
    if (!setting->check || setting->check(value, err) == 0)
        return 0;
    if (strstr(err->text, value))
        return err_wrap(err, "is wrong");
    return err_wrap(err, "is \"%.*s\"", GIVEN_MAX_BYTES, value);
}

static int read_string(const config_setting_t *node, const struct conf_setting *setting,
                       struct arena *arena, void *values, struct err *err)
{
    if (!is_string(node) || !is_count_between(strlen(config_setting_get_string(node)), setting))
        return refuse(node, setting, err);
    const char *value = arena_str(arena, slice_str(config_setting_get_string(node)));
    if (check(setting, value, err) != 0)
        return -1;
    *(const char **)member(setting, values) = value;
    return 0;
}

static int read_strings(const config_setting_t *node, const struct conf_setting *setting,
                        struct arena *arena, void *values, struct err *err)
{
    unsigned count = conf_node_count(node);
    const char **strings = arena_alloc(arena, (count + 1) * sizeof *strings);

    if (!(config_setting_is_array(node) || config_setting_is_list(node)) ||
        !is_count_between(count, setting))
        return refuse(node, setting, err);
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *element = conf_node_child(node, i);
        if (!is_string(element))
            return refuse(element, setting, err);
        strings[i] = arena_str(arena, slice_str(config_setting_get_string(element)));
        if (check(setting, strings[i], err) != 0)
            return -1;
    }
    *(const char *const **)member(setting, values) = strings;
    return 0;
}

int conf_value_read(const config_setting_t *node, const struct conf_setting *setting,
                    struct arena *arena, void *values, struct err *err)
{
    bool is_read = false;

    switch (setting->type) {
    case CONF_BOOL:
        is_read = read_bool(node, setting, values);
        break;
    case CONF_INT:
        is_read = read_int(node, setting, values);
        break;
    case CONF_SIZE:
        is_read = read_size(node, setting, values);
        break;
    case CONF_WORD:
        is_read = read_word(node, setting, values);
        break;
    case CONF_STRING:
        return read_string(node, setting, arena, values, err);
    case CONF_STRINGS:
        return read_strings(node, setting, arena, values, err);
    }
    return is_read ? 0 : refuse(node, setting, err);
}

/* A default may be written without its quotes or brackets. */
static void add_default(const struct conf_setting *setting, struct buf *out)
{
    const char *text = setting->fallback;
    bool is_text = setting->type == CONF_STRING || setting->type == CONF_WORD ||
                   (setting->type == CONF_SIZE && slice_find(slice_str(text), ' ') < strlen(text));

    if (is_text && text[0] != '"')
        conf_quote(text, out);
    else if (setting->type == CONF_STRINGS && text[0] == '\0')
        buf_add_str(out, "[]");
    else
        buf_add_str(out, text);
}

int conf_value_default(const struct conf_setting *setting, struct arena *arena, void *values,
                       struct err *err)
{
    struct buf text = {0};
    config_setting_t *node;
    config_t config;
    int rc;

    add_default(setting, &text);
    if (conf_tree_parse_value(&config, buf_str(&text), &node))
        rc = conf_value_read(node, setting, arena, values, err);
    else
        rc = err_set(err, ERR_INTERNAL, "is %s; allowed: a value", buf_str(&text));
    config_destroy(&config);
    buf_free(&text);
    return rc;
}
