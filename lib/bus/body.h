/* SPDX-License-Identifier: Apache-2.0
 * A large body onto the body topic: chunks, a few of them outstanding, and at the end the reference
 * that a work record points with. On top of bus.h; knows no back end. */
#pragma once

#include "bus/bus.h"
#include "proto/record.h"

#define BUS_BODY_OUTSTANDING 4

struct bus_body;

struct bus_body_chunk {
    struct bus_ticket ticket;
    struct bus_body *body;
    uint32_t sequence;
    bool is_busy;
};

/* Embedded in its owner, zero-initialised but for on_stored and owner; alive until on_stored. */
struct bus_body {
    /* Exactly once, never from inside. ref: where the whole body lies, in order; NULL when it was
     * not stored (some chunks may be: without a work record they expire), and why. */
    void (*on_stored)(void *owner, const struct record_body *ref, const struct err *why);
    void *owner;
    /* its own */
    struct bus *bus;
    struct slice mail_id, bytes;
    size_t chunk_bytes, pending;
    uint32_t next, count, stored;
    struct record_body ref;
    struct bus_body_chunk chunks[BUS_BODY_OUTSTANDING];
    bool has_failed;
    struct err why;
};

/* bytes (dot-stuffed, not empty) and mail_id stay the caller's and live as long. */
void bus_body_put(struct bus_body *body, struct bus *bus, struct slice mail_id, struct slice bytes,
                  size_t chunk_bytes);
