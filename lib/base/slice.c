/* SPDX-License-Identifier: Apache-2.0
 * Bounds-checked views of bytes. */
#include "base/slice.h"

struct slice slice_sub(struct slice s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    return s.at ? slice_of(s.at + from, to - from) : SLICE_NONE;
}

struct slice slice_skip(struct slice s, size_t n)
{
    return slice_sub(s, n, s.len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
    size_t from = 0, to = s.len;

    while (from < to && is_blank(s.at[from]))
        from++;
    while (to > from && is_blank(s.at[to - 1]))
        to--;
    return slice_sub(s, from, to);
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

char slice_lower_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

void slice_lower(struct slice s, char *out)
{
    for (size_t i = 0; i < s.len; i++)
        out[i] = slice_lower_char(s.at[i]);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (slice_lower_char(a.at[i]) != slice_lower_char(b.at[i]))
            return false;
    return true;
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq_nocase(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_ends_nocase(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len && slice_eq_nocase(slice_skip(s, s.len - suffix.len), suffix);
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.at, b.at, shared) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

size_t slice_find(struct slice s, char c)
{
    const char *found = s.len ? memchr(s.at, c, s.len) : NULL;
    return found ? (size_t)(found - s.at) : s.len;
}

size_t slice_rfind(struct slice s, char c)
{
    const char *found = s.len ? memrchr(s.at, c, s.len) : NULL;
    return found ? (size_t)(found - s.at) : s.len;
}

size_t slice_find_slice(struct slice s, struct slice needle)
{
    const char *found = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;
    return found ? (size_t)(found - s.at) : s.len;
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.at[i] - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

struct slice slice_cut(struct slice *s, char c)
{
    size_t at = slice_find(*s, c);
    struct slice head = slice_sub(*s, 0, at);

    *s = slice_skip(*s, at + 1);
    return head;
}
