/* SPDX-License-Identifier: Apache-2.0
 * Set-up, end and questions of the scheduler tests. */
#include "unit/scheduler/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bus/settings.h"
#include "proto/record.h"
#include "unit/proto/sample.h"

/* ---- set-up and end ---- */

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

static void read_conf(struct fixture *fixture, const char *const *more)
{
    const struct conf_faults faults = {.on_fault = on_fault};
    struct buf address = {0};
    const char *overrides[16] = {NULL, "redis.reconnect_ms=20", "scheduler.rebuild_grace_ms=300",
                                 "scheduler.reap_interval_ms=100"};
    size_t count = 4;

    buf_addf(&address, "redis.address=%s", buf_str(&fixture->server.address));
    overrides[0] = buf_str(&address);
    for (size_t i = 0; more && more[i] && count < 15; i++)
        overrides[count++] = more[i];
    assert_int_equal(conf_read("/dev/null", overrides, SCHEDULER_SECTIONS, &faults, &fixture->conf),
                     0);
    buf_free(&address);
}

void fixture_begin(struct fixture *fixture, const char *const *more)
{
    struct bus_settings settings = {.drain_ms = 5000};
    struct redis_settings redis = {.password = "", .timeout_ms = 5000, .reconnect_ms = 20};
    struct err err;

    *fixture = (struct fixture){.loop = loop_new()};
    private_redis_start(&fixture->server, NULL);
    for (size_t i = 0; i < BUS_TOPICS; i++)
        settings.partitions[i] = FIXTURE_PARTITIONS;
    assert_int_equal(bus_hub_open(&settings, &fixture->hub, &err), 0);
    assert_int_equal(bus_new(fixture->hub, fixture->loop, "test", BUS_PROMPT, &fixture->bus, &err),
                     0);
    read_conf(fixture, more);
    fixture->log =
        log_new(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_DEBUG, "test", "test", clock_wall_us);
    redis.address = buf_str(&fixture->server.address);
    fixture->redis = redis_new(fixture->loop, &redis, NULL, NULL);
    WAIT_FOR(fixture->loop, redis_is_up(fixture->redis));
}

void fixture_start(struct fixture *fixture, size_t i)
{
    struct service_env *env = &fixture->roles[i].env;
    struct err err;

    fixture->roles[i].state = (struct service_role_state){0};
    *env = (struct service_env){.loop = fixture->loop,
                                .hub = fixture->hub,
                                .conf = fixture->conf,
                                .log = fixture->log,
                                .metrics = metrics_new(),
                                .leave_ms = 5000,
                                .pod = "test",
                                .state = &fixture->roles[i].state};
    assert_int_equal(scheduler_role.start(env, &fixture->roles[i].role, &err), 0);
}

void fixture_begin_started(struct fixture *fixture, const char *const *more)
{
    fixture_begin(fixture, more);
    fixture_start(fixture, 0);
    WAIT_FOR(fixture->loop, fixture->roles[0].state.is_ready);
    assert_true(fixture->roles[0].state.is_started);
}

void fixture_drain(struct fixture *fixture, size_t i)
{
    scheduler_role.drain(fixture->roles[i].role);
    WAIT_FOR(fixture->loop, fixture->roles[i].state.is_drained);
    scheduler_role.free(&fixture->roles[i].role);
    assert_null(fixture->roles[i].role);
    metrics_free(&fixture->roles[i].env.metrics);
}

void fixture_end(struct fixture *fixture)
{
    for (size_t i = 0; i < FIXTURE_ROLES; i++)
        if (fixture->roles[i].role)
            fixture_drain(fixture, i);
    redis_free(&fixture->redis);
    bus_free(&fixture->bus);
    bus_hub_close(&fixture->hub);
    loop_free(&fixture->loop);
    conf_free(&fixture->conf);
    log_free(&fixture->log);
    private_redis_end(&fixture->server);
    buf_free(&fixture->reply.text);
}

/* ---- the timer topic ---- */

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct fixture *fixture = owner;

    (void)ticket;
    assert_true(ack->ok);
    fixture->acked++;
    fixture->acked_offset = ack->offset;
}

int32_t fixture_shard(const struct fixture *fixture, const char *parcel_id)
{
    return bus_partition_of(fixture->bus, BUS_TIMER, slice_str(parcel_id));
}

static int64_t publish(struct fixture *fixture, const char *parcel_id, struct slice value,
                       bool is_tombstone)
{
    struct bus_ticket ticket = {.on_acked = on_acked, .owner = fixture};
    struct bus_record record = {.topic = BUS_TIMER,
                                .partition = fixture_shard(fixture, parcel_id),
                                .key = slice_str(parcel_id),
                                .head = value,
                                .is_tombstone = is_tombstone};
    size_t before = fixture->acked;

    bus_publish(fixture->bus, &record, &ticket);
    WAIT_FOR(fixture->loop, fixture->acked == before + 1);
    return fixture->acked_offset;
}

void fixture_put_timer(struct buf *value, const char *parcel_id, int64_t due_ms)
{
    struct arena *arena = arena_new(4096);
    struct record_timer timer = {.due_ms = due_ms, .reason = SLICE("deferred")};

    timer.work = *sample_work_with_ref(arena);
    timer.work.parcel_id = slice_str(parcel_id);
    timer.work.has_fence = false;
    timer.work.fence = 0;
    timer.work.fence_shard = 0;
    record_put_timer(value, &timer);
    arena_free(&arena);
}

int64_t fixture_defer(struct fixture *fixture, const char *parcel_id, int64_t due_ms)
{
    struct buf value = {0};

    fixture_put_timer(&value, parcel_id, due_ms);
    int64_t offset = publish(fixture, parcel_id, buf_slice(&value), false);
    buf_free(&value);
    return offset;
}

int64_t fixture_tombstone(struct fixture *fixture, const char *parcel_id)
{
    return publish(fixture, parcel_id, SLICE_NONE, true);
}

int64_t fixture_timer_bytes(struct fixture *fixture, const char *parcel_id, struct slice value)
{
    return publish(fixture, parcel_id, value, false);
}

void fixture_wait_for_work(struct fixture *fixture, size_t count)
{
    WAIT_FOR(fixture->loop, bus_fake_count(fixture->hub, BUS_WORK) >= count);
    assert_int_equal(bus_fake_count(fixture->hub, BUS_WORK), count);
}

/* ---- Redis and metrics ---- */

const char *fixture_ask(struct fixture *fixture, const char *parcel_id, const char *command)
{
    struct slice text = slice_str(command), mark = SLICE("{s}");
    size_t at = slice_find_slice(text, mark);
    struct buf full = {0};

    buf_add(&full, slice_sub(text, 0, at));
    if (at < text.len)
        buf_addf(&full, "{%d}", fixture_shard(fixture, parcel_id));
    buf_add(&full, slice_skip(text, at + mark.len));
    private_redis_ask(fixture->loop, fixture->redis, buf_str(&full), &fixture->reply);
    buf_free(&full);
    return fixture->reply.text.at;
}

void fixture_wait_applied(struct fixture *fixture, const char *parcel_id, int64_t offset)
{
    WAIT_FOR(fixture->loop,
             strtoll(fixture_ask(fixture, parcel_id, "GET t:{s}:offset"), NULL, 10) >= offset &&
                 fixture->reply.type == REDIS_TEXT);
}

double fixture_metric(struct fixture *fixture, size_t i, const char *line)
{
    struct metrics *metrics = fixture->roles[i].env.metrics;
    struct buf text = {0}, wanted = {0};
    double value = -1;

    scheduler_role.measure(fixture->roles[i].role);
    metrics_expose(&metrics, 1, &text);
    buf_addf(&wanted, "\nhikyaku_%s ", line);
    const char *found = strstr(buf_str(&text), buf_str(&wanted));
    if (found)
        value = strtod(found + wanted.len, NULL);
    buf_free(&text);
    buf_free(&wanted);
    return value;
}
