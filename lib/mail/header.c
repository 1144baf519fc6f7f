/* SPDX-License-Identifier: Apache-2.0
 * Walking a header block (RFC 5322 2.2, 3.6.8): fields as they are, nothing decoded, nothing
 * changed. */
#include "mail/header.h"

/* The line at the front with its CRLF; what is left when no CRLF follows. */
static struct slice line_of(struct slice s)
{
    size_t at = slice_find_slice(s, SLICE("\r\n"));

    return slice_sub(s, 0, at == s.len ? at : at + 2);
}

/* A first dot is the one of dot stuffing, whether or not a second one follows (RFC 5321 4.5.2). */
static struct slice unstuffed(struct slice line)
{
    return slice_skip(line, line.len && line.at[0] == '.');
}

static bool is_continuation(struct slice line)
{
    line = unstuffed(line);
    return line.len && (line.at[0] == ' ' || line.at[0] == '\t');
}

/* ftext = %d33-57 / %d59-126 */
static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < 33 || name.at[i] > 126)
            return false;
    return name.len > 0;
}

static struct slice without_crlf(struct slice s)
{
    return slice_ends_nocase(s, SLICE("\r\n")) ? slice_sub(s, 0, s.len - 2) : s;
}

bool header_next(struct slice *rest, struct header_field *ret_field)
{
    struct slice line = line_of(*rest);
    size_t colon = slice_find(line, ':');
    struct slice name = unstuffed(slice_sub(line, 0, colon));
    size_t length = line.len;

    while (name.len && (name.at[name.len - 1] == ' ' || name.at[name.len - 1] == '\t'))
        name = slice_sub(name, 0, name.len - 1);
    if (colon == line.len || !is_name(name))
        return false;
    while (is_continuation(slice_skip(*rest, length)))
        length += line_of(slice_skip(*rest, length)).len;
    ret_field->whole = slice_sub(*rest, 0, length);
    ret_field->name = name;
    ret_field->value = without_crlf(slice_skip(ret_field->whole, colon + 1));
    *rest = slice_skip(*rest, length);
    return true;
}

struct slice header_block(struct slice mail)
{
    struct slice rest = mail;
    struct header_field field;

    while (header_next(&rest, &field))
        ;
    size_t length = mail.len - rest.len;
    if (slice_starts_nocase(rest, SLICE("\r\n")))
        length += 2;
    return slice_sub(mail, 0, length);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trimmed(struct slice value)
{
    while (value.len && is_space(value.at[0]))
        value = slice_skip(value, 1);
    while (value.len && is_space(value.at[value.len - 1]))
        value = slice_sub(value, 0, value.len - 1);
    return value;
}

struct slice header_value(struct slice block, struct slice name)
{
    struct header_field field;

    while (header_next(&block, &field))
        if (slice_eq_nocase(field.name, name))
            return trimmed(field.value);
    return SLICE_NONE;
}

size_t header_count(struct slice block, struct slice name)
{
    struct header_field field;
    size_t count = 0;

    while (header_next(&block, &field))
        count += slice_eq_nocase(field.name, name);
    return count;
}
