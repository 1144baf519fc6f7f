/* SPDX-License-Identifier: Apache-2.0
 * Replies of a peer: the same whole and octet by octet, bounded and printable. First octet: the
 * size of the pieces. */
#include "fuzz/fuzz.h"
#include "smtp/reply.h"

static void check(const struct smtp_reply *reply)
{
    ASSERT(reply->code >= 200 && reply->code <= 599 && reply->text.len <= SMTP_REPLY_BYTES_MAX);
    ASSERT(reply->enhanced.class == 0 || reply->enhanced.class == reply->code / 100);
    for (size_t i = 0; i < reply->text.len; i++) {
        char c = reply->text.at[i];
        ASSERT(c == '\n' || (c >= ' ' && c <= '~'));
    }
}

/* All replies of the stream in one text: "code class.subject.detail text" lines, then the end. */
static struct buf summary(struct slice stream, size_t step)
{
    struct smtp_reply_parser parser = {0};
    struct smtp_reply reply;
    struct buf out = {0};
    enum parse state = PARSE_MORE;

    while (stream.len && state != PARSE_BAD) {
        struct slice in = slice_sub(stream, 0, step);
        size_t given = in.len;
        state = smtp_reply_parse(&parser, &in, &reply);
        stream = slice_skip(stream, given - in.len);
        ASSERT(parser.line.len + parser.text.len <= SMTP_REPLY_WIRE_MAX + SMTP_REPLY_BYTES_MAX);
        if (state != PARSE_DONE)
            continue;
        check(&reply);
        smtp_reply_add(&out, &reply);
    }
    buf_add_str(&out, state == PARSE_BAD ? "bad" : "more");
    smtp_reply_parser_free(&parser);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct slice stream = slice_of(data + 1, size - 1);
    struct buf whole = summary(stream, size), pieces = summary(stream, data[0] ? data[0] : 1);
    /* only where they stopped may differ: a piece may end in a complete reply */
    whole.len -= slice_ends_nocase(buf_slice(&whole), SLICE("bad")) ? 3 : 4;
    pieces.len -= slice_ends_nocase(buf_slice(&pieces), SLICE("bad")) ? 3 : 4;
    ASSERT(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
