/* SPDX-License-Identifier: Apache-2.0
 * Running a script: input lines go to the engine, all others must be what it said next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/dialogue_script.h"

static const char HEX[] = "0123456789abcdef";

void dialogue_escape(struct buf *out, struct slice bytes)
{
    static const char NAMES[][2] = {
        {'\r', 'r'}, {'\n', 'n'}, {'\0', '0'}, {'\t', 't'}, {'\\', '\\'}};

    for (size_t i = 0; i < bytes.len; i++) {
        size_t n = 0;
        while (n < sizeof NAMES / sizeof *NAMES && NAMES[n][0] != bytes.at[i])
            n++;
        if (n < sizeof NAMES / sizeof *NAMES)
            buf_addf(out, "\\%c", NAMES[n][1]);
        else if (bytes.at[i] < ' ' || bytes.at[i] > '~')
            buf_addf(out, "\\x%02x", (unsigned)(unsigned char)bytes.at[i]);
        else
            buf_add_char(out, bytes.at[i]);
    }
}

static char hex_value(char c)
{
    const char *at = strchr(HEX, c);

    assert_non_null(at);
    return (char)(at - HEX);
}

static void add_unescaped(struct buf *out, struct slice text)
{
    static const char NAMES[] = "rn0t\\", VALUES[] = "\r\n\0\t\\";

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '\\') {
            buf_add_char(out, text.at[i]);
            continue;
        }
        char c = text.at[++i];
        if (c == 'x') {
            buf_add_char(out, (char)(hex_value(text.at[i + 1]) * 16 + hex_value(text.at[i + 2])));
            i += 2;
        } else {
            assert_non_null(strchr(NAMES, c));
            buf_add_char(out, VALUES[strchr(NAMES, c) - NAMES]);
        }
    }
}

void dialogue_note(struct dialogue *dialogue, const char *mark, struct slice text)
{
    buf_add_str(&dialogue->transcript, mark);
    dialogue_escape(&dialogue->transcript, text);
    buf_add_char(&dialogue->transcript, '\n');
}

void dialogue_note_lines(struct dialogue *dialogue, char side, struct slice bytes, bool joined)
{
    char mark[] = {side, ':', ' ', '\0'};

    while (bytes.len) {
        size_t end = slice_find_slice(bytes, SLICE("\r\n"));
        if (end == bytes.len)
            mark[1] = '|'; /* an engine that speaks half lines is wrong: never matches */
        dialogue_note(dialogue, mark, slice_sub(bytes, 0, end));
        bytes = slice_skip(bytes, end + 2);
        if (joined)
            mark[1] = '+';
    }
}

static void fail_at(struct dialogue *dialogue, struct slice want, struct slice got)
{
    fail_msg("script line %zu (%s)\nwant: %.*s\ngot:  %.*s\ntranscript:\n%s", dialogue->line,
             dialogue->cut == DIALOGUE_OCTETS ? "octet by octet" : "whole", SLICE_ARGS(want),
             SLICE_ARGS(got), buf_str(&dialogue->transcript));
}

static bool matches(struct slice want, struct slice got)
{
    if (slice_ends_nocase(want, SLICE("...")))
        return slice_starts_nocase(got, slice_sub(want, 0, want.len - 3));
    return slice_eq(want, got);
}

static void feed_input(struct dialogue *dialogue)
{
    size_t step = dialogue->cut == DIALOGUE_OCTETS ? 1 : dialogue->input.len;

    for (size_t at = 0; at < dialogue->input.len; at += step) {
        dialogue->feed(dialogue->owner, slice_sub(buf_slice(&dialogue->input), at, at + step));
        dialogue->drain(dialogue->owner);
    }
    buf_clear(&dialogue->input);
}

static void expect(struct dialogue *dialogue, struct slice want)
{
    feed_input(dialogue);
    struct slice rest = slice_skip(buf_slice(&dialogue->transcript), dialogue->compared);
    struct slice got = slice_sub(rest, 0, slice_find(rest, '\n'));
    if (rest.len == 0 || !matches(want, got))
        fail_at(dialogue, want, rest.len ? got : SLICE("(silence)"));
    dialogue->compared += got.len + 1;
}

static void expect_silence(struct dialogue *dialogue, struct slice before)
{
    struct slice rest = slice_skip(buf_slice(&dialogue->transcript), dialogue->compared);

    if (rest.len)
        fail_at(dialogue, before, slice_sub(rest, 0, slice_find(rest, '\n')));
}

static void step(struct dialogue *dialogue, struct slice line)
{
    struct slice text = slice_skip(line, 3);

    assert_true(line.len >= 2 && strchr(":+|", line.at[1]));
    if (line.at[0] == 'A') {
        feed_input(dialogue);
        expect_silence(dialogue, line);
        dialogue->act(dialogue->owner, text);
        dialogue->drain(dialogue->owner);
    } else if (line.at[0] != dialogue->side) {
        expect(dialogue, line);
    } else {
        if (dialogue->input.len == 0)
            expect_silence(dialogue, line);
        add_unescaped(&dialogue->input, text);
        if (line.at[1] == ':')
            buf_add_str(&dialogue->input, "\r\n");
    }
}

void dialogue_run(struct dialogue *dialogue, const char *script)
{
    struct slice rest = slice_str(script);

    dialogue->drain(dialogue->owner);
    for (dialogue->line = 1; rest.len; dialogue->line++)
        step(dialogue, slice_cut(&rest, '\n'));
    feed_input(dialogue);
    expect_silence(dialogue, SLICE("(end of script)"));
    buf_free(&dialogue->transcript);
    buf_free(&dialogue->input);
}
