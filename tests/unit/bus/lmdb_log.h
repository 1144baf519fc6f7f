/* SPDX-License-Identifier: Apache-2.0
 * An embedded log in a private folder, for tests that look inside. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>

#include "bus/lmdb/hub.h"

struct lmdb_log {
    struct buf directory;
    struct bus_hub *hub;
    struct loop *loop;
    struct bus *bus;
};

/* cmocka setup and teardown: *state is a struct lmdb_log; its bus is BUS_PROMPT. */
int lmdb_log_setup(void **state);
int lmdb_log_teardown(void **state);
/* Publishes a record to partition 0 and turns the loop until it is stored. */
void lmdb_log_store(struct lmdb_log *log, struct bus *bus, enum bus_topic topic);
