/* SPDX-License-Identifier: Apache-2.0
 * Where a parcel goes on the log: the destination of a recipient and the key whose hash picks the
 * partition. Part of the contract between nodes: all must agree. */
#include "proto/record.h"

#include "base/assert.h"
#include "base/hash.h"

struct slice record_destination(struct arena *arena, struct slice address)
{
    /* The last @: a quoted local part may hold others. */
    return arena_lower(arena, slice_skip(address, slice_rfind(address, '@') + 1));
}

void record_work_key(struct buf *key, struct slice destination, struct slice mail_id,
                     unsigned fanout)
{
    ASSERT(fanout > 0);
    buf_add(key, destination);
    buf_add_char(key, '#');
    buf_add_u64(key, hash_bytes(mail_id) % fanout);
}
