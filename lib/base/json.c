/* SPDX-License-Identifier: Apache-2.0
 * A JSON writer that cannot be talked into anything. */
#include "base/json.h"

/* Length of the UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates), 0 when invalid.
 */
static size_t utf8_length(struct slice s)
{
    uint8_t first = (uint8_t)s.at[0], second = s.len > 1 ? (uint8_t)s.at[1] : 0;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

    if (first < 0xc2 || first > 0xf4 || s.len < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (((uint8_t)s.at[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

static size_t quote_special(struct buf *out, struct slice rest)
{
    uint8_t c = (uint8_t)rest.at[0];

    if (c == '"' || c == '\\') {
        buf_add_char(out, '\\');
        buf_add_char(out, (char)c);
        return 1;
    }
    if (c < 0x20 || c == 0x7f) {
        buf_addf(out, "\\u%04x", (unsigned)c);
        return 1;
    }
    size_t length = utf8_length(rest);
    if (length == 0) {
        buf_add_str(out, "\\ufffd");
        return 1;
    }
    buf_add(out, slice_sub(rest, 0, length));
    return length;
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void json_quote(struct buf *out, struct slice value)
{
    size_t at = 0;

    buf_add_char(out, '"');
    while (at < value.len) {
        size_t plain = at;
        while (plain < value.len && is_plain((uint8_t)value.at[plain]))
            plain++;
        buf_add(out, slice_sub(value, at, plain));
        at = plain;
        if (at < value.len)
            at += quote_special(out, slice_skip(value, at));
    }
    buf_add_char(out, '"');
}

static void key_of(struct json *json, const char *key)
{
    if (!json->empty)
        buf_add_char(json->out, ',');
    json->empty = false;
    buf_add_char(json->out, '"');
    buf_add_str(json->out, key);
    buf_add(json->out, SLICE("\":"));
}

void json_begin(struct json *json, struct buf *out)
{
    *json = (struct json){.out = out, .empty = true};
    buf_add_char(out, '{');
}

void json_end(struct json *json)
{
    buf_add_char(json->out, '}');
}

void json_slice(struct json *json, const char *key, struct slice value)
{
    key_of(json, key);
    json_quote(json->out, value);
}

void json_str(struct json *json, const char *key, const char *value)
{
    json_slice(json, key, slice_str(value));
}

void json_int(struct json *json, const char *key, int64_t value)
{
    key_of(json, key);
    if (value < 0)
        buf_add_char(json->out, '-');
    buf_add_u64(json->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    key_of(json, key);
    buf_add_str(json->out, value ? "true" : "false");
}

void json_object_begin(struct json *json, const char *key)
{
    key_of(json, key);
    buf_add_char(json->out, '{');
    json->empty = true;
}

void json_object_end(struct json *json)
{
    buf_add_char(json->out, '}');
    json->empty = false;
}
