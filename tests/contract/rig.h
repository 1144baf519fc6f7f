/* SPDX-License-Identifier: Apache-2.0
 * The test rig of the contract suite: a place, a loop, one or two sides (a hub and a bus each), and
 * taps: consumers that write down what they see. All waiting is for something, bounded by the back
 * end's patience. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "base/buf.h"
#include "contract/backend.h"

#define RIG_PARTITIONS 64
#define RIG_TAPS       4

/* A test on a rig of its own. */
#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, rig_setup, rig_teardown)

struct rig;

struct side {
    struct rig *rig;
    struct bus_hub *hub;
    struct bus *bus;
};

struct seen {
    int32_t partition;
    int64_t offset;
    char key[32];
    uint64_t value_hash;
    size_t value_bytes;
    bool is_tombstone;
};

struct tap {
    struct bus_consumer *consumer; /* NULL: not in use */
    struct side *side;
    struct seen *seen;
    size_t count, room;
    size_t pause_at;      /* bus_pause when so many were seen; 0: never */
    int64_t start_at;     /* of each partition that is assigned */
    size_t restart_after; /* bus_start again, at 1, when so many were seen; 0: never */
    bool finishes;        /* each record at once */
    bool keeps;           /* does not release what is revoked */
    bool is_left;
    bool owned[RIG_PARTITIONS], revoked[RIG_PARTITIONS];
    int64_t committed[RIG_PARTITIONS]; /* as reported; -1: not yet */
};

struct rig {
    struct place *place;
    struct loop *loop;
    struct side a, b;
    struct tap taps[RIG_TAPS];
};

/* cmocka setup and teardown: *state is a struct rig with side a open. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Opens a hub and a bus, and waits until it is ready. */
void side_open(struct rig *rig, struct side *side);
/* Leaves the taps of the side, frees its bus, closes its hub. Also half open, also not open. */
void side_close(struct side *side);

/* Turns the loop until is_so(owner); false: patience ran out. */
bool rig_wait(struct rig *rig, bool (*is_so)(void *owner), void *owner);

/* The value numbered seq: always the same bytes for the same seq and size. */
void sample(struct buf *out, unsigned seq, size_t bytes);
bool is_sample(struct slice value, unsigned seq, size_t bytes);
uint64_t sample_hash(unsigned seq, size_t bytes);

/* Publishes one record and waits for its acknowledgement. */
struct bus_ack publish(struct side *side, const struct bus_record *record);
/* Publishes samples first..first+count-1 of 100 bytes to a partition, the key being the number,
 * all at once; waits, expects success. The offset of the first. */
int64_t publish_samples(struct side *side, enum bus_topic topic, int32_t partition, unsigned first,
                        unsigned count);

/* A tap that is free; the settings in it are made before tap_open. */
struct tap *tap_new(struct rig *rig);
void tap_open(struct tap *tap, struct side *side, enum bus_topic topic, const char *group);
/* bus_leave, and waits for on_left. */
void tap_close(struct tap *tap);
/* The same, but what the tap holds is not released: it is taken away after limit_ms. Returns how
 * long leaving took, ms. */
uint64_t tap_close_holding(struct tap *tap, int64_t limit_ms);
/* Waits until the tap has seen that many records or more; false: patience ran out. */
bool tap_wait_count(struct tap *tap, size_t count);
/* Waits until the tap has seen exactly so many records; fails the test if it does not come to it.
 */
void tap_expect_count(struct tap *tap, size_t count);
void tap_expect_owned(struct tap *tap, size_t partitions);
void tap_expect_committed(struct tap *tap, int32_t partition, int64_t next_offset);
size_t tap_owned(const struct tap *tap);
/* Offsets of one partition, in the order they were seen. */
size_t tap_offsets(const struct tap *tap, int32_t partition, int64_t *out, size_t room);
