/* SPDX-License-Identifier: Apache-2.0
 * Checking names and taking them from the wire (RFC 1035 section 3.1). */
#include "dns/name.h"

#define LABEL_MAX 63

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool is_label(struct slice label)
{
    if (label.len == 0 || label.len > LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_name_char(label.at[i]))
            return false;
    return true;
}

bool dns_name_is_valid(struct slice name)
{
    if (name.len == 0 || name.len > DNS_NAME_MAX || name.at[name.len - 1] == '.')
        return false;
    while (name.len > 0)
        if (!is_label(slice_cut(&name, '.')))
            return false;
    return true;
}

bool dns_name_from_wire(struct arena *arena, struct slice wire, struct slice *ret_name)
{
    char text[DNS_NAME_MAX + 1];
    size_t len = 0;

    while (wire.len > 0 && wire.at[0] != 0) {
        struct slice label = slice_sub(wire, 1, 1 + (size_t)(unsigned char)wire.at[0]);
        if (label.len != (unsigned char)wire.at[0] || !is_label(label) ||
            len + label.len + 1 > sizeof text)
            return false;
        memcpy(text + len, label.at, label.len);
        text[len + label.len] = '.';
        len += label.len + 1;
        wire = slice_skip(wire, 1 + label.len);
    }
    if (wire.len != 1)
        return false;
    *ret_name = arena_lower(arena, slice_of(text, len > 0 ? len - 1 : 0));
    return true;
}
