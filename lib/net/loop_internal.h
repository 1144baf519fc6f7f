/* SPDX-License-Identifier: Apache-2.0
 * What the files of lib/net share about the loop. Not for other folders. */
#pragma once

#include <uv.h>

#include "net/loop.h"

#define LOOP_READ_BYTES ((size_t)64 * 1024)
/* One read's worth of clear text, and one TLS record that OpenSSL held half of before. */
#define LOOP_CLEAR_BYTES  (LOOP_READ_BYTES + (size_t)32 * 1024)
#define LOOP_RECORD_BYTES ((size_t)16 * 1024) /* the clear text of one TLS record */

struct loop {
    uv_loop_t uv;
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    uv_idle_t no_wait;
    uv_timer_t turn_limit;
    struct list laters;
    bool is_stopped;
    bool is_turning;
    /* Scratch of whichever stream is being served: idle connections own no buffer at all. */
    char read_bytes[LOOP_READ_BYTES];
    char clear_bytes[LOOP_CLEAR_BYTES];
    char record_bytes[LOOP_RECORD_BYTES];
    char cipher_bytes[LOOP_READ_BYTES];
    size_t cipher_used;
};
