/* SPDX-License-Identifier: Apache-2.0
 * Bytes from Redis -> struct redis_value, one reply after the other. Not for other folders. */
#pragma once

#include "redis/redis.h"

struct redis_reply_reader;

struct redis_reply_reader *redis_reply_reader_new(void);
/* NULL accepted, NULL set. */
void redis_reply_reader_free(struct redis_reply_reader **reader);
/* Takes all bytes. ERR_LIMIT when more than REDIS_REPLY_MAX_BYTES wait for their other half. */
MUST_CHECK int redis_reply_feed(struct redis_reply_reader *reader, struct slice bytes,
                                struct err *err);
/* The next complete reply, valid until the next call; NULL in *ret_value when more bytes are
 * needed. ERR_INVALID: this is no Redis, or a reply is beyond the bounds of redis.h. */
MUST_CHECK int redis_reply_next(struct redis_reply_reader *reader,
                                const struct redis_value **ret_value, struct err *err);
