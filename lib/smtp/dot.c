/* SPDX-License-Identifier: Apache-2.0
 * End of data and dot stuffing as a table over octet classes. Text between line ends is skipped
 * with memchr; the table sees only what stands around CR, LF, NUL and dots at the start of lines.
 */
#include "smtp/dot.h"

enum octet { OCTET_OTHER, OCTET_DOT, OCTET_NUL, OCTET_CR, OCTET_LF, OCTET_COUNT };

struct step {
    uint8_t next;
    bool violates; /* this octet proves a violation */
    bool stuffed;  /* the dot held back was a stuffed one */
};

/* clang-format off */
#define GO(state)       {SMTP_DOT_##state, false, false}
#define VIOLATE(state)  {SMTP_DOT_##state, true, false}
#define STUFFED(state)  {SMTP_DOT_##state, false, true}
#define BOTH(state)     {SMTP_DOT_##state, true, true}

static const struct step STEPS[SMTP_DOT_END][OCTET_COUNT] = {
    /*                        other           dot             NUL               CR                LF */
    [SMTP_DOT_LINE_START] = { GO(TEXT),       GO(DOT),        GO(NULS),         GO(CR),           VIOLATE(TEXT) },
    [SMTP_DOT_TEXT]       = { GO(TEXT),       GO(TEXT),       GO(TEXT),         GO(CR),           VIOLATE(TEXT) },
    [SMTP_DOT_CR]         = { VIOLATE(TEXT),  VIOLATE(TEXT),  VIOLATE(TEXT),    VIOLATE(CR),      GO(LINE_START) },
    [SMTP_DOT_DOT]        = { STUFFED(TEXT),  STUFFED(TEXT),  STUFFED(DRESSED), GO(DOT_CR),       BOTH(TEXT) },
    [SMTP_DOT_DOT_CR]     = { BOTH(TEXT),     BOTH(TEXT),     BOTH(TEXT),       BOTH(CR),         GO(END) },
    [SMTP_DOT_NULS]       = { GO(TEXT),       GO(DRESSED),    GO(NULS),         GO(CR),           VIOLATE(TEXT) },
    [SMTP_DOT_DRESSED]    = { GO(TEXT),       GO(TEXT),       GO(DRESSED),      GO(DRESSED_CR),   VIOLATE(TEXT) },
    [SMTP_DOT_DRESSED_CR] = { VIOLATE(TEXT),  VIOLATE(TEXT),  VIOLATE(TEXT),    VIOLATE(CR),      VIOLATE(LINE_START) },
};

/* What a state keeps back until the next octet decides whether it is body. */
static const struct slice HELD[] = {
    [SMTP_DOT_DOT] = {".", 1}, [SMTP_DOT_DOT_CR] = {".\r", 2}, [SMTP_DOT_END] = {".\r\n", 3},
};
/* clang-format on */

static enum octet octet_of(char c)
{
    switch (c) {
    case '.':
        return OCTET_DOT;
    case '\0':
        return OCTET_NUL;
    case '\r':
        return OCTET_CR;
    case '\n':
        return OCTET_LF;
    default:
        return OCTET_OTHER;
    }
}

/* Inside a line: the index of the next CR the table must see, or in.len. Whole line ends with
 * ordinary text behind them are passed over here; each octet is looked at twice, by memchr. */
static size_t skip_text(struct smtp_dot *dot, struct slice in, size_t at)
{
    for (;;) {
        struct slice rest = slice_of(in.at + at, in.len - at);
        size_t length = slice_find(rest, '\r');
        if (!dot->is_violated && slice_find(slice_of(rest.at, length), '\n') < length)
            dot->is_violated = true;
        at += length;
        if (in.len - at < 3 || in.at[at + 1] != '\n' || in.at[at + 2] == '.' ||
            in.at[at + 2] == '\0')
            return at;
        at += 2;
    }
}

static void take_octet(struct smtp_dot *dot, char c)
{
    struct step step = STEPS[dot->state][octet_of(c)];

    dot->state = step.next;
    dot->is_violated |= step.violates;
    dot->stuffed += step.stuffed;
}

enum parse smtp_dot_scan(struct smtp_dot *dot, struct slice *in, struct smtp_dot_body *ret_body)
{
    struct slice held = HELD[dot->state];
    size_t at = 0;

    while (at < in->len && dot->state != SMTP_DOT_END) {
        if (dot->state == SMTP_DOT_TEXT)
            at = skip_text(dot, *in, at);
        if (at < in->len)
            take_octet(dot, in->at[at++]);
    }
    size_t kept = HELD[dot->state].len;
    *ret_body = (struct smtp_dot_body){SLICE_NONE, SLICE_NONE};
    if (kept <= at) /* else what is held began in an earlier call and is still open */
        *ret_body = (struct smtp_dot_body){held, slice_sub(*in, 0, at - kept)};
    *in = slice_skip(*in, at);
    return dot->state == SMTP_DOT_END ? PARSE_DONE : PARSE_MORE;
}

bool smtp_dot_is_sendable(const struct slice *parts, size_t count, uint64_t *ret_stuffed)
{
    struct smtp_dot dot = {0};
    struct smtp_dot_body body;

    for (size_t i = 0; i < count; i++) {
        struct slice in = parts[i];
        if (smtp_dot_scan(&dot, &in, &body) != PARSE_MORE)
            return false;
    }
    *ret_stuffed = dot.stuffed;
    return !dot.is_violated && dot.state == SMTP_DOT_LINE_START;
}

/* The line at the front with its CRLF, cut off. */
static struct slice take_line(struct slice *lines)
{
    size_t at = slice_find_slice(*lines, SLICE("\r\n"));
    struct slice line = slice_sub(*lines, 0, at + 2);

    *lines = slice_skip(*lines, line.len);
    return line;
}

void smtp_dot_stuff(struct buf *out, struct slice lines)
{
    while (lines.len) {
        struct slice line = take_line(&lines);
        if (line.at[0] == '.')
            buf_add_char(out, '.');
        buf_add(out, line);
    }
}

void smtp_dot_unstuff(struct buf *out, struct slice lines)
{
    while (lines.len) {
        struct slice line = take_line(&lines);
        buf_add(out, slice_skip(line, line.at[0] == '.'));
    }
}
