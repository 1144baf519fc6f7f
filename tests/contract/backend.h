/* SPDX-License-Identifier: Apache-2.0
 * What the contract suite needs to know about a back end of bus.h: one <name>_backend.c each,
 * chosen by linking. A place is a log of its own, empty at first: a directory, a prefix of topics
 * on a broker, memory. */
#pragma once

#include "bus/bus.h"
#include "bus/scan.h"

struct backend {
    const char *name;
    bool is_durable;            /* survives kill -9, and another process may open the place then */
    bool compacts_at_once;      /* replaced records are gone when the new one is acknowledged */
    bool is_scanned_in_process; /* a scan may run in the process that has the log open */
    uint64_t patience_ms;       /* the longest any single step may take before a test gives up */
};

extern const struct backend BACKEND;

struct place;

/* At least 4 partitions of work, 2 of body and timer, 1 of each other topic. */
struct place *place_new(void);
/* Removes what it holds. All its hubs were closed. */
void place_free(struct place **place);
/* How another process gets at it, and does (only when is_durable). The name is the place's. */
const char *place_name(const struct place *place);
struct place *place_attach(const char *name);
/* A hub on it; where one hub per process is all there can be, it is the same one again. */
struct bus_hub *place_open(struct place *place);
void place_close(struct place *place, struct bus_hub **hub);
/* A scan of these topics; the place has no open hub unless is_scanned_in_process. */
struct scan *place_scan(struct place *place, const enum bus_topic *topics, size_t count);
/* The broker goes away or comes back; false: this back end has none. */
bool place_set_available(struct place *place, bool is_available);

/* Retention: the records of a partition below the offset go; false: not to be had at will here. */
bool place_expire(struct place *place, enum bus_topic topic, int32_t partition,
                  int64_t below_offset);

/* Further tests of this back end alone: the number that failed. */
int backend_tests(void);
