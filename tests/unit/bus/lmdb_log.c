/* SPDX-License-Identifier: Apache-2.0
 * Opening and removing it. */
#include "unit/bus/lmdb_log.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    (void)ticket;
    *(bool *)owner = ack->ok;
}

void lmdb_log_store(struct lmdb_log *log, struct bus *bus, enum bus_topic topic)
{
    bool is_stored = false;
    struct bus_ticket ticket = {.on_acked = on_acked, .owner = &is_stored};
    struct bus_record record = {.topic = topic, .key = SLICE("k"), .body = SLICE("v")};

    bus_publish(bus, &record, &ticket);
    while (!is_stored)
        loop_turn(log->loop, 1000);
}

int lmdb_log_setup(void **state)
{
    struct lmdb_log *log = xalloc(sizeof *log);
    const char *parent = getenv("TMPDIR");
    struct err err;

    buf_addf(&log->directory, "%s/log.XXXXXX", parent ? parent : "/tmp");
    (void)buf_str(&log->directory);
    assert_non_null(mkdtemp(log->directory.at));
    struct bus_settings settings = {.directory = log->directory.at,
                                    .map_bytes = (int64_t)64 * 1024 * 1024,
                                    .full_percent = 90,
                                    .longest_period_s = 3600};
    assert_int_equal(bus_hub_open(&settings, &log->hub, &err), 0);
    log->loop = loop_new();
    assert_int_equal(bus_new(log->hub, log->loop, "test", BUS_PROMPT, &log->bus, &err), 0);
    lmdb_log_store(log, log->bus, BUS_CONFIG); /* the writer's first clean-up is over then */
    *state = log;
    return 0;
}

static void remove_file(struct lmdb_log *log, const char *name)
{
    struct buf path = {0};

    buf_addf(&path, "%s/%s", buf_str(&log->directory), name);
    (void)unlink(buf_str(&path));
    buf_free(&path);
}

int lmdb_log_teardown(void **state)
{
    struct lmdb_log *log = *state;

    bus_free(&log->bus);
    loop_free(&log->loop);
    bus_hub_close(&log->hub);
    remove_file(log, "data.mdb");
    remove_file(log, "lock.mdb");
    remove_file(log, "owner.lock");
    (void)rmdir(log->directory.at);
    buf_free(&log->directory);
    xfree(log);
    return 0;
}
