/* SPDX-License-Identifier: Apache-2.0
 * What the ops port says: probes and metrics. No page touches Kafka, Redis or DNS: roles report
 * their own state. Not for other folders. */
#pragma once

#include "service/role.h"

#define OPS_ROLES_MAX 8

struct ops_state {
    struct service_role_state *roles[OPS_ROLES_MAX];
    size_t count;
    bool is_starting;        /* roles are still to come: neither started nor ready */
    struct metrics *process; /* of the main thread; NULL: nothing is counted */
};

/* ops_pages.on_page; owner: struct ops_state. */
unsigned ops_page(void *owner, const char *path, struct buf *out);
