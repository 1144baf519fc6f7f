/* SPDX-License-Identifier: Apache-2.0
 * Reading whole topics from the oldest record on, as a bystander: no group is joined and nothing is
 * committed, so no service notices. Blocking: for hikyakuctl and tests, not for a service's loop.
 */
#pragma once

#include "base/err.h"
#include "bus/bus.h"
#include "bus/settings.h"

struct scan;

struct scan_ops {
    /* Records of one partition come in order of offset; valid during the call. */
    void (*on_record)(void *owner, enum bus_topic topic, const struct bus_delivery *delivery);
    void *owner;
};

/* topics: copied. ERR_RETRY: no broker answers; ERR_INVALID: a topic does not exist. */
MUST_CHECK int scan_open(const struct bus_settings *settings, const enum bus_topic *topics,
                         size_t count, struct scan **ret_scan, struct err *err);
/* Waits at most timeout_ms for a first record and hands on what is there, a batch at most.
 * ERR_RETRY: a record could not be read; the next call goes on. */
MUST_CHECK int scan_read(struct scan *scan, int timeout_ms, const struct scan_ops *ops,
                         struct err *err);
/* Every partition was read to its end once. */
bool scan_is_at_end(const struct scan *scan);
/* NULL accepted, NULL set. */
void scan_free(struct scan **scan);
