/* SPDX-License-Identifier: Apache-2.0
 * Bodies that did not come with their record: read from the log by reference, within a budget of
 * memory, checked against length and checksum. What finds no room waits in order of arrival. */
#pragma once

#include "base/buf.h"
#include "bus/bus.h"
#include "proto/record.h"

/* Longer references are not believed. */
#define BODY_MAX_BYTES ((uint64_t)1 << 30)

struct bodies;

enum body_status {
    BODY_OK,
    BODY_GONE,       /* not on the log any more, or not the bytes the reference promises */
    BODY_NO_ROOM,    /* waited for too long for memory */
    BODY_UNREADABLE, /* the log could not be read for too long */
};

enum body_stage { BODY_UNUSED, BODY_WAITING, BODY_READING, BODY_AGAIN, BODY_HELD };

/* Embedded, zero-initialised but for on_body and owner. After on_body with BODY_OK, bytes is the
 * body until body_put. */
struct body_read {
    /* Exactly once, never from inside body_get. */
    void (*on_body)(void *owner, enum body_status status, const char *detail);
    void *owner;
    struct buf bytes;
    /* the reader's */
    struct bodies *bodies;
    enum body_stage stage;
    struct record_body ref;
    struct bus_fetch fetch;
    struct list_node node;
    uint64_t since_ms;
    uint32_t next_sequence;
    const char *fault; /* why the bytes are not the body; NULL: none found */
};

struct bodies_settings {
    uint64_t budget_bytes, wait_ms; /* for memory, and for a log that cannot be read */
};

struct bodies *bodies_new(struct loop *loop, struct bus *bus,
                          const struct bodies_settings *settings);
/* No read is under way. NULL accepted, NULL set. */
void bodies_free(struct bodies **bodies);
/* Every second: waits that took too long, reads to be tried again. */
void bodies_tick(struct bodies *bodies);

/* mail_id: the key of its chunks; lives as long as the read. */
void body_get(struct bodies *bodies, struct body_read *read, const struct record_body *ref,
              struct slice mail_id);
/* In any stage: on_body will not come any more; memory and room are given back. */
void body_put(struct body_read *read);
