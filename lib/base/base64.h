/* SPDX-License-Identifier: Apache-2.0
 * Base64 (RFC 4648 4): padded, one line, nothing but its alphabet. */
#pragma once

#include "base/buf.h"

void base64_add(struct buf *out, struct slice bytes);
/* Adds the octets; false, and out as it was, when text is not exactly what base64_add writes. */
bool base64_decode(struct slice text, struct buf *out);
