/* SPDX-License-Identifier: Apache-2.0
 * Walking the header block of a mail as it is on the wire (CRLF lines, dot-stuffed, folded fields),
 * byte for byte, without changing it. */
#pragma once

#include "base/slice.h"

struct header_field {
    struct slice name;  /* without a stuffed dot, the colon and blanks before it */
    struct slice value; /* after the colon, folds and all, without the final CRLF */
    struct slice whole; /* the field with its folded lines and the final CRLF */
};

/* The header block of a mail: up to and including the CRLF of the empty line; all of the mail when
 * there is no empty line. A line that is no field and no continuation ends it before that line. */
struct slice header_block(struct slice mail);
/* Takes the next field from *rest (a header block); false at its end. */
bool header_next(struct slice *rest, struct header_field *ret_field);
/* The value of the first field of that name, trimmed; empty when absent. */
struct slice header_value(struct slice block, struct slice name);
/* Number of fields of that name. */
size_t header_count(struct slice block, struct slice name);
