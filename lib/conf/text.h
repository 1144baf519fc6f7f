/* SPDX-License-Identifier: Apache-2.0
 * The bytes of a configuration file before libconfig sees them. Not for other folders. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define CONF_FILE_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* The whole file. ERR_INVALID: missing, unreadable, a directory, too large, or with a NUL octet. */
MUST_CHECK int conf_text_read(const char *file, struct buf *ret_text, struct err *err);
/* Copies text with an L behind each integer that may not fit into 32 bits: libconfig 1.5 would cut
 * it silently. Returns the line of the first @include (not supported: its numbers would be missed),
 * or 0. */
unsigned conf_text_widen(struct slice text, struct buf *out);
