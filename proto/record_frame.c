/* SPDX-License-Identifier: Apache-2.0
 * The frame of a record: version (1 byte) | header length (4 bytes, big-endian) | header | body.
 * Knows nothing of protobuf, so that a body is found without decoding what stands before it. */
#include "proto/record_frame.h"

#include "base/assert.h"
#include "base/hash.h"

void record_frame_put(char frame[RECORD_FRAME_BYTES], size_t header_bytes)
{
    ASSERT(header_bytes <= UINT32_MAX);
    frame[0] = RECORD_VERSION;
    for (size_t i = 0; i < 4; i++)
        frame[1 + i] = (char)(header_bytes >> (24 - 8 * i));
}

int record_frame_get(struct slice value, struct slice *ret_header, struct slice *ret_body,
                     struct err *err)
{
    size_t header_bytes = 0;

    if (value.len < RECORD_FRAME_BYTES)
        return err_set(err, ERR_INVALID, "record of %zu bytes has no frame", value.len);
    if (value.at[0] != RECORD_VERSION)
        return err_set(err, ERR_INVALID, "record version %u is not known",
                       (unsigned)(uint8_t)value.at[0]);
    for (size_t i = 1; i < RECORD_FRAME_BYTES; i++)
        header_bytes = header_bytes << 8 | (uint8_t)value.at[i];
    if (header_bytes > RECORD_HEADER_MAX_BYTES)
        return err_set(err, ERR_INVALID, "header of %zu bytes is too long", header_bytes);
    if (header_bytes > value.len - RECORD_FRAME_BYTES)
        return err_set(err, ERR_INVALID, "header of %zu bytes is cut off", header_bytes);
    *ret_header = slice_sub(value, RECORD_FRAME_BYTES, RECORD_FRAME_BYTES + header_bytes);
    *ret_body = slice_skip(value, RECORD_FRAME_BYTES + header_bytes);
    return 0;
}

int record_get_body(struct slice value, struct slice *ret_body, struct err *err)
{
    struct slice header;

    return record_frame_get(value, &header, ret_body, err);
}

bool record_body_is_intact(struct slice body, uint64_t length, uint32_t crc32c)
{
    return body.len == length && hash_crc32c(0, body) == crc32c;
}
