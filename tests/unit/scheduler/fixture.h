/* SPDX-License-Identifier: Apache-2.0
 * One or two schedulers on a fake log and a real Redis, on the test's own loop. */
#pragma once

#include "fakes/bus_fake.h"
#include "fakes/service_fake.h"
#include "scheduler/scheduler.h"
#include "scheduler/settings.h"
#include "unit/net/cases.h"
#include "unit/redis/private_redis.h"

#define FIXTURE_PARTITIONS 4
#define FIXTURE_ROLES      2

struct fixture {
    struct private_redis server;
    struct loop *loop;
    struct bus_hub *hub;
    struct conf *conf;
    struct log *log;
    struct redis *redis; /* the test's own connection */
    struct bus *bus;     /* the test's own */
    struct private_redis_reply reply;
    struct {
        struct service_env env;
        struct service_role_state state;
        void *role;
    } roles[FIXTURE_ROLES];
    size_t acked;
    int64_t acked_offset; /* of the latest */
};

/* Redis and an empty log; no scheduler yet. more: further settings, NULL-terminated, or NULL. */
void fixture_begin(struct fixture *fixture, const char *const *more);
/* Starts scheduler i. */
void fixture_start(struct fixture *fixture, size_t i);
/* Both of the above, and waits until scheduler 0 is ready. */
void fixture_begin_started(struct fixture *fixture, const char *const *more);
/* Drains scheduler i, waits for it, frees it. */
void fixture_drain(struct fixture *fixture, size_t i);
void fixture_end(struct fixture *fixture);

int32_t fixture_shard(const struct fixture *fixture, const char *parcel_id);
/* Publish on `timer` and wait for the acknowledgement; returns the offset. */
int64_t fixture_defer(struct fixture *fixture, const char *parcel_id, int64_t due_ms);
int64_t fixture_tombstone(struct fixture *fixture, const char *parcel_id);
int64_t fixture_timer_bytes(struct fixture *fixture, const char *parcel_id, struct slice value);
/* Appends the encoded Timer of fixture_defer to value. */
void fixture_put_timer(struct buf *value, const char *parcel_id, int64_t due_ms);
/* Waits until `work` holds that many records. */
void fixture_wait_for_work(struct fixture *fixture, size_t count);
/* Waits until scheduler's index has applied that offset of the parcel's shard. */
void fixture_wait_applied(struct fixture *fixture, const char *parcel_id, int64_t offset);
/* A command to Redis, with "{s}" for the parcel's shard; returns the text of the reply. */
const char *fixture_ask(struct fixture *fixture, const char *parcel_id, const char *command);
/* Scheduler i's metric: the value of its line, "name" or "name{labels}"; -1: no such line. */
double fixture_metric(struct fixture *fixture, size_t i, const char *line);
