/* SPDX-License-Identifier: Apache-2.0
 * What of the original mail a report returns (docs/bounces.md): all of it, its header, or nothing.
 * Pure. What is returned is always 7-bit with lines of at most 998 octets, so that a report never
 * needs 8BITMIME and never fails because of what it carries. */
#pragma once

#include "bouncer/settings.h"
#include "proto/record.h"

enum content_kind { CONTENT_NONE, CONTENT_HEADERS, CONTENT_FULL };

struct content {
    enum content_kind kind;
    struct slice bytes; /* CRLF lines, not dot-stuffed; headers without the empty line */
};

/* False: only the header will be returned, whatever the original looks like. */
bool content_wants_whole(const struct record_failure *failure,
                         const struct bouncer_settings *settings);
/* original: not dot-stuffed, all of it when content_wants_whole, otherwise at least its header.
 * The result is a view into it, or into the arena where octets had to be replaced. */
struct content content_choose(struct arena *arena, struct slice original, bool wants_whole,
                              size_t limit_bytes);
