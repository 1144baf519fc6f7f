/* SPDX-License-Identifier: Apache-2.0
 * Inside proto only: the frame round every header (version, length) and the bounds of what was
 * decoded. */
#pragma once

#include "proto/record.h"

#define RECORD_VERSION     1
#define RECORD_FRAME_BYTES 5 /* version, header length */

/* The frame of a header of that many bytes. */
void record_frame_put(char frame[RECORD_FRAME_BYTES], size_t header_bytes);
MUST_CHECK int record_frame_get(struct slice value, struct slice *ret_header,
                                struct slice *ret_body, struct err *err);

/* Every bound that plain structs must keep after decoding. */
MUST_CHECK int record_check_work(const struct record_work *work, struct err *err);
MUST_CHECK int record_check_timer(const struct record_timer *timer, struct err *err);
MUST_CHECK int record_check_failure(const struct record_failure *failure, struct err *err);
MUST_CHECK int record_check_chunk(const struct record_chunk *chunk, struct err *err);
