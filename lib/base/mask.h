/* SPDX-License-Identifier: Apache-2.0
 * Mail addresses in texts for people, without the part that names a person: "***@example.jp".
 * Knows no grammar beyond what it takes to find them: texts come from anywhere. */
#pragma once

#include "base/buf.h"

/* One address: all before its last '@' becomes "***". What has none is added as it is. */
void mask_address(struct buf *out, struct slice address);
/* The same with each address in a text; without an '@' nothing counts as one. */
void mask_text(struct buf *out, struct slice text);
