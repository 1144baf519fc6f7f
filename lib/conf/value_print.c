/* SPDX-License-Identifier: Apache-2.0
 * Values and bounds as text: for --print-config, the reference and the faults. */
#include <inttypes.h>

#include "conf/value.h"

static const struct {
    const char *name;
    int64_t bytes;
} UNITS[] = {
    {"GiB", (int64_t)1 << 30},
    {"MiB", (int64_t)1 << 20},
    {"KiB", (int64_t)1 << 10},
};
#define UNIT_COUNT (sizeof UNITS / sizeof *UNITS)

bool conf_size_parse(struct slice text, int64_t *ret_bytes)
{
    struct slice number = slice_trim(text);
    int64_t unit = 1;
    uint64_t count;

    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (slice_ends_nocase(number, slice_str(UNITS[i].name))) {
            unit = UNITS[i].bytes;
            number = slice_trim(slice_sub(number, 0, number.len - strlen(UNITS[i].name)));
            break;
        }
    if (!slice_to_u64(number, (uint64_t)(INT64_MAX / unit), &count))
        return false;
    *ret_bytes = (int64_t)count * unit;
    return true;
}

static size_t unit_of(int64_t bytes)
{
    size_t i = 0;

    while (i < UNIT_COUNT && (bytes == 0 || bytes % UNITS[i].bytes != 0))
        i++;
    return i;
}

static void add_size(int64_t bytes, struct buf *out)
{
    size_t unit = unit_of(bytes);

    if (unit == UNIT_COUNT)
        buf_addf(out, "%" PRId64, bytes);
    else
        buf_addf(out, "%" PRId64 " %s", bytes / UNITS[unit].bytes, UNITS[unit].name);
}

void conf_quote(const char *text, struct buf *out)
{
    buf_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_addf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            buf_addf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            buf_add_char(out, *text);
    }
    buf_add_char(out, '"');
}

bool conf_value_is_secret(const struct conf_setting *setting)
{
    return setting->type == CONF_STRING &&
           slice_ends_nocase(slice_str(setting->name), SLICE("password"));
}

static void print_size(int64_t bytes, struct buf *out)
{
    bool is_plain = unit_of(bytes) == UNIT_COUNT;

    if (!is_plain)
        buf_add_char(out, '"');
    add_size(bytes, out);
    if (!is_plain)
        buf_add_char(out, '"');
}

/* "sasl.password=x" in a list of further settings is a secret, too. */
static void print_element(const char *text, struct buf *out)
{
    struct slice value = slice_str(text);
    struct slice name = slice_trim(slice_cut(&value, '='));
    struct buf masked = {0};

    if (value.len > 0 && slice_ends_nocase(name, SLICE("password")))
        buf_addf(&masked, "%.*s=***", SLICE_ARGS(name));
    else
        buf_add_str(&masked, text);
    conf_quote(buf_str(&masked), out);
    buf_free(&masked);
}

static void print_strings(const char *const *strings, struct buf *out)
{
    buf_add_char(out, '[');
    for (size_t i = 0; strings[i]; i++) {
        if (i > 0)
            buf_add_str(out, ", ");
        print_element(strings[i], out);
    }
    buf_add_char(out, ']');
}

/* libconfig reads numbers of more than 31 bits only with an L; conf_read adds it by itself. */
void conf_value_print(const struct conf_setting *setting, const void *values, struct buf *out)
{
    const void *at = (const char *)values + setting->offset;

    switch (setting->type) {
    case CONF_BOOL:
        buf_add_str(out, *(const bool *)at ? "true" : "false");
        break;
    case CONF_INT:
        buf_addf(out, "%" PRId64, *(const int64_t *)at);
        break;
    case CONF_SIZE:
        print_size(*(const int64_t *)at, out);
        break;
    case CONF_WORD:
        conf_quote(setting->words[*(const int64_t *)at], out);
        break;
    case CONF_STRING:
        conf_quote(*(const char *const *)at, out);
        break;
    case CONF_STRINGS:
        print_strings(*(const char *const *const *)at, out);
        break;
    }
}

static void add_words(const char *const *words, struct buf *out)
{
    for (size_t i = 0; words[i]; i++) {
        if (i > 0)
            buf_add_str(out, words[i + 1] ? ", " : " or ");
        conf_quote(words[i], out);
    }
}

static void add_counts(const struct conf_setting *setting, const char *of, struct buf *out)
{
    if (setting->min > 0 && setting->max > 0)
        buf_addf(out, " of %" PRId64 " to %" PRId64 " %s", setting->min, setting->max, of);
    else if (setting->min > 0)
        buf_addf(out, " of at least %" PRId64 " %s", setting->min, of);
    else if (setting->max > 0)
        buf_addf(out, " of up to %" PRId64 " %s", setting->max, of);
}

void conf_value_allowed(const struct conf_setting *setting, struct buf *out)
{
    switch (setting->type) {
    case CONF_BOOL:
        buf_add_str(out, "true or false");
        break;
    case CONF_INT:
        buf_addf(out, "an integer from %" PRId64 " to %" PRId64, setting->min, setting->max);
        if (setting->unit && setting->unit[0])
            buf_addf(out, " (%s)", setting->unit);
        break;
    case CONF_SIZE:
        buf_add_str(out, "a size from ");
        add_size(setting->min, out);
        buf_add_str(out, " to ");
        add_size(setting->max, out);
        buf_add_str(out, ", as a number of bytes or like \"64 KiB\"");
        break;
    case CONF_WORD:
        add_words(setting->words, out);
        break;
    case CONF_STRING:
        buf_add_str(out, "a string");
        add_counts(setting, "characters", out);
        break;
    case CONF_STRINGS:
        buf_add_str(out, "a list of strings like [\"a\", \"b\"]");
        add_counts(setting, "elements", out);
        break;
    }
}
