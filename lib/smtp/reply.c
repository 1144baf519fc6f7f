/* SPDX-License-Identifier: Apache-2.0
 * Reading a peer's replies and writing ours (RFC 5321 4.2.1, RFC 2034 4, RFC 3463 2). A reply is
 * as hostile as any input: lines, octets and digits are bounded, and only CRLF ends a line. */
#include "smtp/reply.h"

#include "base/assert.h"

/* Printable ASCII only: replies end up in logs, reports and events. */
static void add_scrubbed(struct buf *out, struct slice text)
{
    buf_reserve(out, text.len);
    for (size_t i = 0; i < text.len; i++)
        out->at[out->len + i] = text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?';
    out->len += text.len;
}

static bool take_number(struct slice digits, uint16_t *ret_number)
{
    uint64_t number;

    if (digits.len > 3 || !slice_to_u64(digits, 999, &number))
        return false;
    *ret_number = (uint16_t)number;
    return true;
}

/* status-code = class "." subject "." detail; class = "2" / "4" / "5"; the rest = 1*3digit.
 * Cut off *text with the blank behind it; the text may end with the code. */
static bool take_enhanced(struct slice *text, struct smtp_enhanced *ret_enhanced)
{
    struct slice rest = *text;
    struct slice word = slice_cut(&rest, ' ');
    struct slice class = slice_cut(&word, '.'), subject = slice_cut(&word, '.');
    struct smtp_enhanced enhanced;

    if (class.len != 1 || slice_find(SLICE("245"), class.at[0]) == 3)
        return false;
    if (!take_number(subject, &enhanced.subject) || !take_number(word, &enhanced.detail))
        return false;
    enhanced.class = (uint8_t)(class.at[0] - '0');
    *ret_enhanced = enhanced;
    *text = rest;
    return true;
}

/* Reply-code = %x32-35 2DIGIT here: 1yz is not used by SMTP. */
static bool take_code(struct slice line, uint16_t *ret_code)
{
    return line.len >= 3 && line.at[0] >= '2' && line.at[0] <= '5' &&
           take_number(slice_sub(line, 0, 3), ret_code);
}

static void start_reply(struct smtp_reply_parser *parser, uint16_t code)
{
    buf_clear(&parser->text);
    parser->code = code;
    parser->enhanced = (struct smtp_enhanced){0};
}

/* The enhanced code of the first line counts; the same one is cut off the others. */
static struct slice without_enhanced(struct smtp_reply_parser *parser, struct slice text)
{
    struct slice rest = text;
    struct smtp_enhanced enhanced;

    if (!take_enhanced(&rest, &enhanced) || enhanced.class != parser->code / 100)
        return text;
    if (parser->lines == 0)
        parser->enhanced = enhanced;
    bool is_same = enhanced.class == parser->enhanced.class &&
                   enhanced.subject == parser->enhanced.subject &&
                   enhanced.detail == parser->enhanced.detail;
    return is_same ? rest : text;
}

static void add_text(struct smtp_reply_parser *parser, struct slice text)
{
    if (parser->lines && parser->text.len < SMTP_REPLY_BYTES_MAX)
        buf_add_char(&parser->text, '\n');
    add_scrubbed(&parser->text, slice_sub(text, 0, SMTP_REPLY_BYTES_MAX - parser->text.len));
}

/* Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF */
static enum parse parse_line(struct smtp_reply_parser *parser, struct slice line)
{
    struct slice mark = slice_sub(line, 3, 4);
    bool is_last = mark.len == 0 || mark.at[0] == ' ';
    uint16_t code;

    if (!take_code(line, &code) || (!is_last && mark.at[0] != '-'))
        return PARSE_BAD;
    if (parser->lines == 0)
        start_reply(parser, code);
    if (code != parser->code || parser->lines >= SMTP_REPLY_LINES_MAX)
        return PARSE_BAD;
    add_text(parser, without_enhanced(parser, slice_skip(line, 4)));
    parser->lines++;
    return is_last ? PARSE_DONE : PARSE_MORE;
}

/* A line without its CRLF; a view into *in when it came in one piece. */
static enum parse take_line(struct smtp_reply_parser *parser, struct slice *in,
                            struct slice *ret_line)
{
    size_t end = slice_find(*in, '\n');
    struct slice piece = slice_sub(*in, 0, end + 1);

    parser->taken += piece.len;
    if (parser->taken > SMTP_REPLY_WIRE_MAX)
        return PARSE_BAD;
    bool is_whole = end < in->len;
    *in = slice_skip(*in, piece.len);
    if (parser->line.len || !is_whole) {
        buf_add(&parser->line, piece);
        piece = buf_slice(&parser->line);
    }
    if (!is_whole)
        return PARSE_MORE;
    if (piece.len < 2 || piece.at[piece.len - 2] != '\r')
        return PARSE_BAD;
    *ret_line = slice_sub(piece, 0, piece.len - 2);
    return PARSE_DONE;
}

enum parse smtp_reply_parse(struct smtp_reply_parser *parser, struct slice *in,
                            struct smtp_reply *ret_reply)
{
    struct slice line;
    enum parse state;

    do {
        state = take_line(parser, in, &line);
        if (state != PARSE_DONE)
            return state;
        state = parse_line(parser, line);
        buf_free(&parser->line);
    } while (state == PARSE_MORE);
    if (state == PARSE_BAD)
        return PARSE_BAD;
    parser->lines = parser->taken = 0;
    *ret_reply = (struct smtp_reply){parser->code, parser->enhanced, buf_slice(&parser->text)};
    return PARSE_DONE;
}

void smtp_reply_parser_free(struct smtp_reply_parser *parser)
{
    buf_free(&parser->line);
    buf_free(&parser->text);
    *parser = (struct smtp_reply_parser){0};
}

void smtp_reply_add(struct buf *out, const struct smtp_reply *reply)
{
    char enhanced[12];
    struct slice rest = reply->text;
    bool has_enhanced = reply->enhanced.class && reply->enhanced.class == reply->code / 100;

    ASSERT(reply->code >= 200 && reply->code <= 599);
    do {
        struct slice line = slice_cut(&rest, '\n');
        buf_add_u64(out, reply->code);
        buf_add_char(out, rest.len ? '-' : ' ');
        if (has_enhanced) {
            buf_add_str(out, smtp_enhanced_text(reply->enhanced, enhanced));
            buf_add_char(out, ' ');
        }
        add_scrubbed(out, line);
        buf_add(out, SLICE("\r\n"));
    } while (rest.len);
}

struct smtp_reply smtp_reply_copy(struct arena *arena, const struct smtp_reply *reply)
{
    struct smtp_reply copy = *reply;

    copy.text = arena_copy(arena, reply->text);
    return copy;
}

static char *put_number(char *at, unsigned number)
{
    if (number >= 100)
        *at++ = (char)('0' + number / 100 % 10);
    if (number >= 10)
        *at++ = (char)('0' + number / 10 % 10);
    *at++ = (char)('0' + number % 10);
    return at;
}

const char *smtp_enhanced_text(struct smtp_enhanced enhanced, char out[12])
{
    char *at = out;

    if (enhanced.class) {
        at = put_number(at, enhanced.class);
        *at++ = '.';
        at = put_number(at, enhanced.subject);
        *at++ = '.';
        at = put_number(at, enhanced.detail);
    }
    *at = '\0';
    return out;
}
