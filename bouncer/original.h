/* SPDX-License-Identifier: Apache-2.0
 * Reading the original mail back from the log: one point read by its body reference. For its header
 * alone, one record is read however long the mail is. */
#pragma once

#include "bus/bus.h"
#include "proto/record.h"

enum original_result {
    ORIGINAL_READ,
    ORIGINAL_GONE,   /* gone from the log, or not what was accepted: never readable again */
    ORIGINAL_FAILED, /* not readable now */
};

/* Embedded in its owner, zero-initialised but for on_read and owner; alive until on_read. */
struct original {
    void (*on_read)(void *owner, struct original *original, enum original_result result);
    void *owner;
    struct buf lines; /* once read: not dot-stuffed; all of the mail, or at least its header */
    /* its own */
    struct bus_fetch fetch;
    struct record_body ref;
    bool wants_whole;
    uint32_t next_sequence;
    struct buf stuffed;
};

/* work has a body_ref; its mail id outlives the read. May be called again after on_read. */
void original_read(struct original *original, struct bus *bus, const struct record_work *work,
                   bool wants_whole);
void original_free(struct original *original);
