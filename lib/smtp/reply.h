/* SPDX-License-Identifier: Apache-2.0
 * An SMTP reply as a value (RFC 5321 4.2, RFC 2034), and the parser of a peer's replies. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/parse.h"

#define SMTP_REPLY_LINES_MAX 100
#define SMTP_REPLY_BYTES_MAX 8192  /* of text kept; the rest is read and dropped */
#define SMTP_REPLY_WIRE_MAX  65536 /* of one reply as sent; beyond it is no SMTP */

/* Enhanced status code x.y.z; class 0: none given. */
struct smtp_enhanced {
    uint8_t class;
    uint16_t subject, detail;
};

struct smtp_reply {
    uint16_t code; /* 200..599; 0: no reply */
    struct smtp_enhanced enhanced;
    /* All lines without code and enhanced code, joined by '\n', controls and non-ASCII scrubbed to
     * '?' (C13). */
    struct slice text;
};

/* Zero-initialised; keeps its state between calls and grows to the bounds above. */
struct smtp_reply_parser {
    struct buf line, text;
    uint16_t code;
    struct smtp_enhanced enhanced;
    size_t lines;
    size_t taken; /* octets of this reply so far */
};

/* Takes bytes from *in up to the end of one complete reply. DONE: *ret_reply is set, its text is
 * valid until the next call, and *in keeps the rest. MORE: all taken. BAD: not SMTP; close.
 * An enhanced code whose class disagrees with the code is ignored. */
enum parse smtp_reply_parse(struct smtp_reply_parser *parser, struct slice *in,
                            struct smtp_reply *ret_reply);
void smtp_reply_parser_free(struct smtp_reply_parser *parser);
/* Writes "250-2.1.0 text" CRLF lines, the enhanced code only when its class agrees with the code
 * (RFC 2034 4). Text holds our own words only; anything else than printable ASCII becomes '?'. */
void smtp_reply_add(struct buf *out, const struct smtp_reply *reply);
/* A copy whose text lives in the arena. */
struct smtp_reply smtp_reply_copy(struct arena *arena, const struct smtp_reply *reply);
static inline unsigned smtp_reply_class(const struct smtp_reply *reply)
{
    return reply->code / 100u;
}
/* "5.1.1" into out (at least 12 bytes); "" when there is none. */
const char *smtp_enhanced_text(struct smtp_enhanced enhanced, char out[12]);

/* A constant reply: SMTP_REPLY(250, 2, 1, 0, "Ok"). */
#define SMTP_REPLY(code_, class_, subject_, detail_, literal)                                      \
    ((struct smtp_reply){(code_), {(class_), (subject_), (detail_)}, SLICE(literal)})
