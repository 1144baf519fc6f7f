/* SPDX-License-Identifier: Apache-2.0
 * The effective configuration, and the reference from the tables alone. */
#include "conf/conf.h"
#include "conf/names.h"
#include "conf/value.h"

#define COMMENT_COLUMNS 98
#define INDENT          "    "
#define LIVE            " Live: a running process takes it over when the file was replaced, or after SIGHUP."

/* "# ..." lines, wrapped at blanks. */
static void add_comment(struct buf *out, const char *indent, const char *text)
{
    size_t room = COMMENT_COLUMNS - strlen(indent) - 2;
    struct slice rest = slice_str(text);

    while (rest.len > 0) {
        size_t length = rest.len;
        if (length > room) {
            size_t blank = slice_rfind(slice_sub(rest, 0, room + 1), ' ');
            length = blank <= room && blank > 0 ? blank : room;
        }
        buf_addf(out, "%s# %.*s\n", indent, SLICE_ARGS(slice_sub(rest, 0, length)));
        rest = slice_trim(slice_skip(rest, length));
    }
}

static void add_setting(struct buf *out, const char *indent, const struct conf_setting *setting,
                        const void *values)
{
    struct buf value = {0};

    conf_value_print(setting, values, &value);
    if (conf_value_is_secret(setting) && strcmp(buf_str(&value), "\"\"") != 0) {
        buf_clear(&value);
        buf_add_str(&value, "\"***\"");
    }
    add_comment(out, indent, setting->help);
    buf_addf(out, "%s%s = %s;\n", indent, conf_names_leaf(setting), buf_str(&value));
    buf_free(&value);
}

/* From one nested group to another; none is the struct itself. */
static void switch_nested(struct buf *out, struct slice from, struct slice to)
{
    if (slice_eq(from, to))
        return;
    if (from.len)
        buf_add_str(out, INDENT "};\n");
    if (to.len)
        buf_addf(out, INDENT "%.*s: {\n", SLICE_ARGS(to));
}

static void add_struct(struct buf *out, const struct conf_section *section, const void *values)
{
    struct slice open = SLICE_NONE; /* the nested group that is being written */

    for (size_t i = 0; i < section->count; i++) {
        struct slice nested = conf_names_nested(&section->settings[i]);
        switch_nested(out, open, nested);
        add_setting(out, nested.len ? INDENT INDENT : INDENT, &section->settings[i], values);
        open = nested;
    }
    switch_nested(out, open, SLICE_NONE);
}

static void add_section(struct buf *out, const struct conf *conf,
                        const struct conf_section *section)
{
    add_comment(out, "", section->help);
    if (!section->is_list) {
        buf_addf(out, "%s: {\n", section->name);
        add_struct(out, section, conf_values(conf, section));
        buf_add_str(out, "};\n\n");
        return;
    }
    buf_addf(out, "%s = (", section->name);
    for (size_t i = 0; i < conf_count(conf, section); i++) {
        buf_add_str(out, i > 0 ? ", {\n" : "{\n");
        add_struct(out, section, conf_element(conf, section, i));
        buf_add_char(out, '}');
    }
    buf_add_str(out, ");\n\n");
}

static void write_out(struct buf *text, FILE *out)
{
    (void)fwrite(text->at, 1, text->len, out);
    buf_free(text);
}

void conf_print(const struct conf *conf, const struct conf_section *const *sections, FILE *out)
{
    struct buf text = {0};

    for (; *sections; sections++)
        if ((*sections)->settings)
            add_section(&text, conf, *sections);
    write_out(&text, out);
}

/* A cell of a Markdown table: no bar may end it early. */
static void add_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

static void add_row(struct buf *out, const struct conf_setting *setting)
{
    struct buf allowed = {0};

    conf_value_allowed(setting, &allowed);
    buf_addf(out, "| `%s` | ", setting->name);
    add_cell(out, buf_str(&allowed));
    buf_add_str(out, " | ");
    if (!setting->fallback)
        buf_add_str(out, "(mandatory)");
    else if (setting->fallback[0] == '\0')
        buf_add_str(out, setting->type == CONF_STRINGS ? "`[]`" : "`\"\"`");
    else
        buf_addf(out, "`%s`", setting->fallback);
    buf_add_str(out, " | ");
    add_cell(out, setting->help);
    buf_add_str(out, " |\n");
    buf_free(&allowed);
}

void conf_print_reference(const struct conf_section *const *sections, FILE *out)
{
    struct buf text = {0};

    for (; *sections; sections++) {
        const struct conf_section *section = *sections;
        if (!section->settings)
            continue;
        buf_addf(&text, "## %s%s\n\n%s%s\n\n", section->name, section->is_list ? " (list)" : "",
                 section->help, section->is_live ? LIVE : "");
        buf_add_str(&text, "| setting | allowed | default | what it does |\n|---|---|---|---|\n");
        for (size_t i = 0; i < section->count; i++)
            add_row(&text, &section->settings[i]);
        buf_add_char(&text, '\n');
    }
    write_out(&text, out);
}
