/* SPDX-License-Identifier: Apache-2.0
 * Finding local parts: an '@' with what stands before it, back to a blank, a bracket or a
 * separator (RFC 5321 4.1.2), or to the opening quote. */
#include "base/mask.h"

#define MASK SLICE("***")

static bool is_separator(char c)
{
    return (unsigned char)c <= ' ' || strchr("<>()[],;:\"", c) != NULL;
}

/* Of the quoted text that ends with text.at[end]; 0 when no quote opened it. */
static size_t quote_start(struct slice text, size_t end)
{
    for (size_t i = end; i-- > 0;)
        if (text.at[i] == '"' && (i == 0 || text.at[i - 1] != '\\'))
            return i;
    return 0;
}

static size_t local_start(struct slice text, size_t at)
{
    size_t start = at;

    if (at > 0 && text.at[at - 1] == '"')
        return quote_start(text, at - 1);
    while (start > 0 && !is_separator(text.at[start - 1]))
        start--;
    return start;
}

void mask_address(struct buf *out, struct slice address)
{
    size_t at = slice_rfind(address, '@');

    if (at > 0 && at < address.len) {
        buf_add(out, MASK);
        address = slice_skip(address, at);
    }
    buf_add(out, address);
}

void mask_text(struct buf *out, struct slice text)
{
    size_t at;

    while ((at = slice_find(text, '@')) < text.len) {
        size_t start = local_start(text, at);
        buf_add(out, slice_sub(text, 0, start));
        if (start < at)
            buf_add(out, MASK);
        buf_add_char(out, '@');
        text = slice_skip(text, at + 1);
    }
    buf_add(out, text);
}
