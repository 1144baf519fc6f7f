/* SPDX-License-Identifier: Apache-2.0
 * Reading whole topics from the oldest record on, as a bystander: no group is joined, nothing is
 * committed or written, so no service notices. One interface; each back end names its own
 * (KAFKA_SCAN in bus/kafka/scan.h, LMDB_SCAN in bus/lmdb/scan.h), so that hikyakuctl has both.
 *
 * Partitions are read side by side and kept together in time: none runs ahead of another by more
 * than SCAN_AHEAD_MS of what they store (and one batch). So a reader that joins records of several
 * partitions has to remember no more than that, however long the topics are. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "bus/bus.h"

#define SCAN_BATCH    1000   /* records of one scan_read at most */
#define SCAN_AHEAD_MS 600000 /* by stored_at_ms */

struct scan_ops {
    /* Records of one partition come in order of offset; valid during the call. */
    void (*on_record)(void *owner, enum bus_topic topic, const struct bus_delivery *delivery);
    void *owner;
};

struct scan { /* the beginning of each back end's own */
    const struct scan_backend *backend;
};

struct scan_backend {
    int (*open)(const struct bus_settings *settings, const enum bus_topic *topics, size_t count,
                struct scan **ret_scan, struct err *err);
    int (*read)(struct scan *scan, int timeout_ms, const struct scan_ops *ops, struct err *err);
    bool (*is_at_end)(const struct scan *scan);
    int64_t (*read_to_ms)(const struct scan *scan);
    void (*free)(struct scan *scan);
};

/* Waits for nothing: the log may be out of reach. Settings and topics are copied. ERR_INVALID: a
 * setting that the back end refuses. */
MUST_CHECK static inline int scan_open(const struct scan_backend *backend,
                                       const struct bus_settings *settings,
                                       const enum bus_topic *topics, size_t count,
                                       struct scan **ret_scan, struct err *err)
{
    return backend->open(settings, topics, count, ret_scan, err);
}

/* Hands on what is there, a batch at most; kafka: waits at most timeout_ms for a first record.
 * ERR_RETRY: the log is out of reach, or a record could not be read; the next call goes on.
 * ERR_INVALID: a topic, or the directory, does not exist (yet). Partitions that are added later are
 * found. */
MUST_CHECK static inline int scan_read(struct scan *scan, int timeout_ms,
                                       const struct scan_ops *ops, struct err *err)
{
    return scan->backend->read(scan, timeout_ms, ops, err);
}

/* Every partition was read to its end once. */
static inline bool scan_is_at_end(const struct scan *scan)
{
    return scan->backend->is_at_end(scan);
}

/* All that was stored before this (wall clock of whoever stored it) has been handed on: INT64_MAX
 * while nothing is left to read, 0 before the first record. */
static inline int64_t scan_read_to_ms(const struct scan *scan)
{
    return scan->backend->read_to_ms(scan);
}

/* NULL accepted, NULL set. */
static inline void scan_free(struct scan **scan)
{
    if (*scan)
        (*scan)->backend->free(*scan);
    *scan = NULL;
}
