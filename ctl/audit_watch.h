/* SPDX-License-Identifier: Apache-2.0
 * `audit --follow`: the clockwork and the ops port around the balance. */
#pragma once

#include "ctl/balance.h"

struct audit_watch_ops {
    /* Many times a second: read what is new. */
    void (*on_tick)(void *owner);
    /* Every 5 s. */
    void (*on_count)(void *owner, struct balance_figures *ret_figures);
    void *owner;
};

/* Until SIGTERM or SIGINT. listen: "IP:PORT" of /metrics, NULL for none; ERR_INVALID when it cannot
 * be taken. */
MUST_CHECK int audit_watch(const char *listen, const struct audit_watch_ops *ops, struct err *err);
