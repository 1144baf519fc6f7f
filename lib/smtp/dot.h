/* SPDX-License-Identifier: Apache-2.0
 * The one place that knows how a mail travels inside DATA (RFC 5321 4.5.2): where it ends, what dot
 * stuffing is, and which octets are no legal line end. Bytes stay dot-stuffed from the client to
 * the log to the destination; nothing here copies a body. */
#pragma once

#include "base/buf.h"
#include "smtp/reply.h"

/* Where the scanner stands between two octets. Zero is the start of data. */
enum smtp_dot_state {
    SMTP_DOT_LINE_START, /* behind CRLF */
    SMTP_DOT_TEXT,
    SMTP_DOT_CR,         /* CR inside a line: only LF may follow */
    SMTP_DOT_DOT,        /* "." begins the line: end of data or a stuffed dot; held back */
    SMTP_DOT_DOT_CR,     /* ".CR": the same; held back */
    SMTP_DOT_NULS,       /* a line of NULs so far */
    SMTP_DOT_DRESSED,    /* a line of one dot and NULs so far */
    SMTP_DOT_DRESSED_CR, /* the same and CR */
    SMTP_DOT_END,        /* ".CRLF" came */
};

/* Zero-initialised before each mail. */
struct smtp_dot {
    enum smtp_dot_state state;
    /* A bare CR, a bare LF, or a line that is only a dot dressed with NULs was seen: the mail must
     * be refused. The end of data is still found by CRLF.CRLF and nothing else. */
    bool is_violated;
    uint64_t stuffed; /* dots that dot stuffing added */
};

/* Body octets of one call: first `held` (a literal: what an earlier call kept back), then `bytes`
 * (a view into *in). Either may be empty. */
struct smtp_dot_body {
    struct slice held, bytes;
};

/* DONE: the end of data was found, *in keeps what follows it. MORE: all of *in was taken. */
enum parse smtp_dot_scan(struct smtp_dot *dot, struct slice *in, struct smtp_dot_body *ret_body);
/* True when the parts, joined, are CRLF lines that can be sent as they are: properly stuffed, no
 * bare CR or LF, no end of data inside. ret_stuffed: stuffed dots. */
bool smtp_dot_is_sendable(const struct slice *parts, size_t count, uint64_t *ret_stuffed);
/* Appends CRLF lines with a dot put before each line that begins with one. */
void smtp_dot_stuff(struct buf *out, struct slice lines);
/* Appends dot-stuffed CRLF lines without the stuffed dots. */
void smtp_dot_unstuff(struct buf *out, struct slice lines);
