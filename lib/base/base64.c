/* SPDX-License-Identifier: Apache-2.0
 * Base64. Decoding is strict: each text has one meaning, and each meaning one text. */
#include "base/base64.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *out, struct slice bytes)
{
    buf_reserve(out, bytes.len / 3 * 4 + 4);
    while (bytes.len) {
        struct slice group = slice_sub(bytes, 0, 3);
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < group.len ? (uint8_t)group.at[i] : 0);
        for (size_t i = 0; i < 4; i++)
            buf_add_char(out, i <= group.len ? ALPHABET[bits >> (18 - 6 * i) & 63] : '=');
        bytes = slice_skip(bytes, group.len);
    }
}

/* The value of one character of the alphabet, or -1. */
static int value_of(char c)
{
    const char *at = c ? strchr(ALPHABET, c) : NULL;

    return at ? (int)(at - ALPHABET) : -1;
}

/* One group of four; its padding, or -1. */
static int decode_group(struct slice group, bool is_last, uint32_t *ret_bits)
{
    int padding = 0;
    uint32_t bits = 0;

    if (is_last && group.at[3] == '=')
        padding = group.at[2] == '=' ? 2 : 1;
    for (int i = 0; i < 4; i++) {
        int value = i < 4 - padding ? value_of(group.at[i]) : 0;
        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
    }
    if (bits & ((1U << 8 * padding) - 1)) /* bits that say nothing must be zero */
        return -1;
    *ret_bits = bits;
    return padding;
}

bool base64_decode(struct slice text, struct buf *out)
{
    size_t before = out->len;
    uint32_t bits;

    if (text.len % 4)
        return false;
    buf_reserve(out, text.len / 4 * 3); /* at once: what is secret is not copied about */
    for (; text.len; text = slice_skip(text, 4)) {
        int padding = decode_group(slice_sub(text, 0, 4), text.len == 4, &bits);
        if (padding < 0) {
            out->len = before;
            return false;
        }
        for (int i = 0; i < 3 - padding; i++)
            buf_add_char(out, (char)(bits >> (16 - 8 * i) & 0xff));
    }
    return true;
}
