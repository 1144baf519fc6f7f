/* SPDX-License-Identifier: Apache-2.0
 * Reading a configuration file, and a scan that knows just enough of libconfig's lexical rules
 * (strings, three kinds of comment, numbers) to find the integers. */
#include "conf/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

#define DIGITS_NARROW 9 /* 999999999 still fits into 32 bits */

static int read_all(int fd, struct buf *text, struct err *err)
{
    if (file_read(fd, CONF_FILE_MAX_BYTES, text, err) != 0)
        return err_wrap(err, "cannot be read");
    if (text->len > CONF_FILE_MAX_BYTES)
        return err_set(err, ERR_INVALID, "is too large; allowed: up to 4 MiB");
    return 0;
}

int conf_text_read(const char *file, struct buf *ret_text, struct err *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, ERR_INVALID, "cannot be opened: %s", strerror(errno));
    int rc = read_all(fd, ret_text, err);
    (void)close(fd);
    if (rc == 0 && slice_find(buf_slice(ret_text), '\0') < ret_text->len)
        return err_set(err, ERR_INVALID, "is not a text file: it contains a NUL octet");
    return rc;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Part of a name, or of a number that begins earlier. */
static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

static size_t string_length(struct slice rest)
{
    for (size_t i = 1; i < rest.len; i++)
        if (rest.at[i] == '\\')
            i++;
        else if (rest.at[i] == '"')
            return i + 1;
    return rest.len;
}

static size_t comment_length(struct slice rest)
{
    if (rest.at[0] == '#' || slice_starts_nocase(rest, SLICE("//")))
        return slice_find(rest, '\n');
    if (!slice_starts_nocase(rest, SLICE("/*")))
        return 0;
    size_t end = 2 + slice_find_slice(slice_skip(rest, 2), SLICE("*/")) + 2;
    return end < rest.len ? end : rest.len;
}

/* A name or a number; *ret_is_wide: an integer that lacks its L. */
static size_t word_length(struct slice rest, bool *ret_is_wide)
{
    size_t length = 0;
    bool is_integer = is_digit(rest.at[0]);
    bool is_hex = slice_starts_nocase(rest, SLICE("0x"));

    while (length < rest.len && is_word(rest.at[length])) {
        is_integer = is_integer && (is_hex || is_digit(rest.at[length]));
        length++;
    }
    *ret_is_wide = is_integer && length > DIGITS_NARROW && rest.at[length - 1] != 'L';
    return length;
}

static size_t token_length(struct slice rest, bool *ret_is_wide)
{
    size_t length = comment_length(rest);

    *ret_is_wide = false;
    if (length > 0)
        return length;
    if (rest.at[0] == '"')
        return string_length(rest);
    if (is_word(rest.at[0]))
        return word_length(rest, ret_is_wide);
    return 1;
}

static unsigned line_of(struct slice text, size_t at)
{
    unsigned line = 1;

    for (size_t i = 0; i < at; i++)
        line += text.at[i] == '\n';
    return line;
}

unsigned conf_text_widen(struct slice text, struct buf *out)
{
    unsigned include_line = 0;
    size_t at = 0;

    while (at < text.len) {
        struct slice rest = slice_skip(text, at);
        bool is_wide;
        size_t length = token_length(rest, &is_wide);
        if (include_line == 0 && slice_starts_nocase(rest, SLICE("@include")))
            include_line = line_of(text, at);
        buf_add(out, slice_sub(rest, 0, length));
        if (is_wide)
            buf_add_char(out, 'L');
        at += length;
    }
    return include_line;
}
