/* SPDX-License-Identifier: Apache-2.0
 * A sender on a fake log, a real Redis and a destination of our own, on the test's loop. */
#pragma once

#include "fakes/bus_fake.h"
#include "fakes/service_fake.h"
#include "proto/record.h"
#include "sender/sender.h"
#include "sender/settings.h"
#include "unit/net/cases.h"
#include "unit/redis/private_redis.h"
#include "unit/sender/sink.h"

#define FIXTURE_PARTITIONS 2

struct fixture {
    struct private_redis server;
    struct loop *loop;
    struct bus_hub *hub;
    struct conf *conf;
    struct log *log;
    struct redis *redis; /* the test's own connection */
    struct bus *bus;     /* the test's own */
    struct private_redis_reply reply;
    struct sink sink;
    struct arena *arena; /* of records that were read */
    struct service_env env;
    struct service_role_state state;
    void *role;
    size_t acked;
    int64_t acked_offset;
};

/* more: further settings, NULL-terminated, or NULL. The sender is not started yet. */
void fixture_begin(struct fixture *fixture, const char *const *more);
/* Other settings, before the start. */
void fixture_read_conf(struct fixture *fixture, const char *const *more);
void fixture_start(struct fixture *fixture);
void fixture_begin_started(struct fixture *fixture, const char *const *more);
/* SIGTERM: drains, waits, frees. */
void fixture_stop(struct fixture *fixture);
/* kill -9, as far as the log and Redis can tell: nothing is drained. */
void fixture_crash(struct fixture *fixture);
void fixture_end(struct fixture *fixture);

/* A parcel for user@dest.test, queued now, with a small body; change it, then publish. The
 * recipients' local parts are words of `locals`. */
struct record_work fixture_work(struct fixture *fixture, const char *parcel_id, const char *locals);
/* On `work`, partition 0; returns the offset once acknowledged. */
int64_t fixture_publish(struct fixture *fixture, const struct record_work *work);
int64_t fixture_publish_bytes(struct fixture *fixture, enum bus_topic topic, struct slice key,
                              struct slice value);
/* Waits until the topic holds that many records, and that it holds no more. */
void fixture_wait_for(struct fixture *fixture, enum bus_topic topic, size_t count);
/* Waits until everything up to that offset of partition 0 of `work` is finished. */
void fixture_wait_finished(struct fixture *fixture, int64_t offset);
struct record_timer fixture_timer(struct fixture *fixture, size_t index);
struct record_failure fixture_failure(struct fixture *fixture, size_t index);
/* The names of all events ("delivered failed"), in the order of the topic's partitions. */
const char *fixture_events(struct fixture *fixture);
/* The value of a metric's line, "name" or "name{labels}"; -1: no such line. */
double fixture_metric(struct fixture *fixture, const char *line);
/* A command to Redis; the text of the reply. */
const char *fixture_ask(struct fixture *fixture, const char *command);
