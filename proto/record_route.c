/* SPDX-License-Identifier: Apache-2.0
 * The destination of a recipient or of a copy. Part of the contract between nodes: all must agree.
 */
#include "proto/record.h"

struct slice record_destination(struct arena *arena, struct slice address)
{
    /* The last @: a quoted local part may hold others. */
    return arena_lower(arena, slice_skip(address, slice_rfind(address, '@') + 1));
}

bool record_is_copy(const struct record_work *work)
{
    return work->copy.host.len && work->destination.len;
}

struct slice record_copy_destination(struct arena *arena, const struct record_copy *copy)
{
    struct slice host = arena_lower(arena, copy->host);

    return arena_printf(arena, "%.*s:%u", SLICE_ARGS(host), (unsigned)copy->port);
}
