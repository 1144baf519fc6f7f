/* SPDX-License-Identifier: Apache-2.0
 * Set-up, end and questions of the sender tests. */
#include "unit/sender/fixture.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/hash.h"
#include "bus/settings.h"

/* ---- set-up and end ---- */

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

void fixture_read_conf(struct fixture *fixture, const char *const *more)
{
    const struct conf_faults faults = {.on_fault = on_fault};
    struct buf address = {0}, routes = {0};
    const char *overrides[24] = {NULL, NULL, "redis.reconnect_ms=20", "sender.hostname=relay.test",
                                 "work.fanout=1"};
    size_t count = 5;

    buf_addf(&address, "redis.address=%s", buf_str(&fixture->server.address));
    buf_addf(&routes, "routes=({domain=\"*\"; hosts=[\"127.0.0.1:%d\"];})",
             sink_port(&fixture->sink));
    overrides[0] = buf_str(&address);
    overrides[1] = buf_str(&routes);
    for (size_t i = 0; more && more[i] && count < 23; i++)
        overrides[count++] = more[i];
    assert_int_equal(
        conf_read("/dev/null", overrides, sender_role.sections, &faults, &fixture->conf), 0);
    buf_free(&address);
    buf_free(&routes);
}

void fixture_begin(struct fixture *fixture, const char *const *more)
{
    struct bus_settings settings = {.drain_ms = 5000};
    struct redis_settings redis = {.password = "", .timeout_ms = 5000, .reconnect_ms = 20};
    struct err err;

    *fixture = (struct fixture){.loop = loop_new(), .arena = arena_new(65536)};
    private_redis_start(&fixture->server, NULL);
    sink_start(&fixture->sink, fixture->loop);
    for (size_t i = 0; i < BUS_TOPICS; i++)
        settings.partitions[i] = FIXTURE_PARTITIONS;
    assert_int_equal(bus_hub_open(&settings, &fixture->hub, &err), 0);
    assert_int_equal(bus_new(fixture->hub, fixture->loop, "test", BUS_PROMPT, &fixture->bus, &err),
                     0);
    fixture_read_conf(fixture, more);
    fixture->log =
        log_new(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_DEBUG, "test", "test", clock_wall_us);
    redis.address = buf_str(&fixture->server.address);
    fixture->redis = redis_new(fixture->loop, &redis, NULL, NULL);
    WAIT_FOR(fixture->loop, redis_is_up(fixture->redis));
}

void fixture_start(struct fixture *fixture)
{
    struct err err;

    fixture->state = (struct service_role_state){0};
    fixture->env = (struct service_env){.loop = fixture->loop,
                                        .hub = fixture->hub,
                                        .conf = fixture->conf,
                                        .log = fixture->log,
                                        .metrics = metrics_new(),
                                        .leave_ms = 5000,
                                        .pod = "test",
                                        .state = &fixture->state};
    assert_int_equal(sender_role.start(&fixture->env, &fixture->role, &err), 0);
}

void fixture_begin_started(struct fixture *fixture, const char *const *more)
{
    fixture_begin(fixture, more);
    fixture_start(fixture);
    WAIT_FOR(fixture->loop, fixture->state.is_ready);
    assert_true(fixture->state.is_started);
}

void fixture_crash(struct fixture *fixture)
{
    sender_role.free(&fixture->role);
    assert_null(fixture->role);
    metrics_free(&fixture->env.metrics);
}

void fixture_stop(struct fixture *fixture)
{
    sender_role.drain(fixture->role);
    WAIT_FOR(fixture->loop, fixture->state.is_drained);
    fixture_crash(fixture);
}

void fixture_end(struct fixture *fixture)
{
    if (fixture->role)
        fixture_stop(fixture);
    sink_end(&fixture->sink);
    redis_free(&fixture->redis);
    bus_free(&fixture->bus);
    bus_hub_close(&fixture->hub);
    loop_free(&fixture->loop);
    conf_free(&fixture->conf);
    log_free(&fixture->log);
    arena_free(&fixture->arena);
    private_redis_end(&fixture->server);
    buf_free(&fixture->reply.text);
}

/* ---- records ---- */

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct fixture *fixture = owner;

    (void)ticket;
    assert_true(ack->ok);
    fixture->acked++;
    fixture->acked_offset = ack->offset;
}

static int64_t publish(struct fixture *fixture, const struct bus_record *record)
{
    struct bus_ticket ticket = {.on_acked = on_acked, .owner = fixture};
    size_t before = fixture->acked;

    bus_publish(fixture->bus, record, &ticket);
    WAIT_FOR(fixture->loop, fixture->acked == before + 1);
    return fixture->acked_offset;
}

int64_t fixture_publish_bytes(struct fixture *fixture, enum bus_topic topic, struct slice key,
                              struct slice value)
{
    return publish(fixture, &(struct bus_record){.topic = topic, .key = key, .head = value});
}

struct record_work fixture_work(struct fixture *fixture, const char *parcel_id, const char *locals)
{
    struct slice rest = slice_str(locals);
    struct record_work work = {
        .parcel_id = slice_str(parcel_id),
        .destination = SLICE("dest.test"),
        .envelope = {.mail_id = slice_str(parcel_id),
                     .from = SLICE("app@shop.test"),
                     .original_from = SLICE("app@shop.test"),
                     .trace = SLICE("Received: from a by b;\r\n now\r\n"),
                     .queued_at_ms = clock_wall_ms()},
        .rcpts = arena_alloc(fixture->arena, 100 * sizeof *work.rcpts),
        .body = SLICE("Subject: x\r\n\r\n..dot\r\nhi\r\n"),
    };

    while (rest.len) {
        struct slice local = slice_cut(&rest, ' ');
        work.rcpts[work.rcpt_count] = (struct record_rcpt){
            .index = (uint32_t)work.rcpt_count,
            .address = arena_printf(fixture->arena, "%.*s@dest.test", SLICE_ARGS(local))};
        work.rcpt_count++;
    }
    work.body_crc32c = hash_crc32c(0, work.body);
    work.envelope.size_bytes = work.body.len;
    return work;
}

int64_t fixture_publish(struct fixture *fixture, const struct record_work *work)
{
    struct buf head = {0};
    int64_t offset;

    record_put_work(&head, work);
    offset = publish(fixture, &(struct bus_record){.topic = BUS_WORK,
                                                   .key = work->destination,
                                                   .head = buf_slice(&head),
                                                   .body = work->body});
    buf_free(&head);
    return offset;
}

void fixture_wait_for(struct fixture *fixture, enum bus_topic topic, size_t count)
{
    WAIT_FOR(fixture->loop, bus_fake_count(fixture->hub, topic) >= count);
    assert_int_equal(bus_fake_count(fixture->hub, topic), count);
}

void fixture_wait_finished(struct fixture *fixture, int64_t offset)
{
    WAIT_FOR(fixture->loop, bus_fake_committed(fixture->hub, BUS_WORK, "sender", 0) > offset);
}

struct record_timer fixture_timer(struct fixture *fixture, size_t index)
{
    struct bus_delivery record;
    struct record_timer timer;
    struct err err;

    assert_true(bus_fake_record(fixture->hub, BUS_TIMER, index, &record));
    assert_false(record.is_tombstone);
    assert_int_equal(record_get_timer(fixture->arena, record.value, &timer, &err), 0);
    return timer;
}

struct record_failure fixture_failure(struct fixture *fixture, size_t index)
{
    struct bus_delivery record;
    struct record_failure failure;
    struct err err;

    assert_true(bus_fake_record(fixture->hub, BUS_FAILURE, index, &record));
    assert_int_equal(record_get_failure(fixture->arena, record.value, &failure, &err), 0);
    return failure;
}

/* What follows the last dot of the type. */
static struct slice event_word(struct slice json)
{
    struct slice key = SLICE("\"type\":\"");
    struct slice type = slice_skip(json, slice_find_slice(json, key) + key.len);

    type = slice_sub(type, 0, slice_find(type, '"'));
    return slice_skip(type, slice_rfind(type, '.') + 1);
}

const char *fixture_events(struct fixture *fixture)
{
    struct buf names = {0};
    struct bus_delivery record;
    const char *text;

    for (size_t i = 0; bus_fake_record(fixture->hub, BUS_EVENT, i, &record); i++)
        buf_addf(&names, "%s%.*s", i ? " " : "", SLICE_ARGS(event_word(record.value)));
    text = arena_str(fixture->arena, buf_slice(&names));
    buf_free(&names);
    return text;
}

double fixture_metric(struct fixture *fixture, const char *line)
{
    struct buf text = {0}, wanted = {0};
    double value = -1;

    sender_role.measure(fixture->role);
    metrics_expose(&fixture->env.metrics, 1, &text);
    buf_addf(&wanted, "\nhikyaku_%s ", line);
    const char *found = strstr(buf_str(&text), buf_str(&wanted));
    if (found)
        value = strtod(found + wanted.len, NULL);
    buf_free(&text);
    buf_free(&wanted);
    return value;
}

const char *fixture_ask(struct fixture *fixture, const char *command)
{
    private_redis_ask(fixture->loop, fixture->redis, command, &fixture->reply);
    return fixture->reply.text.at ? fixture->reply.text.at : "";
}
