/* SPDX-License-Identifier: Apache-2.0
 * See fixture.h. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "bouncer/settings.h"
#include "bus/settings.h"
#include "fakes/bus_fake.h"
#include "net/clock.h"
#include "smtp/dot.h"

static void on_fault(void *owner, const char *sentence)
{
    (void)owner;
    fail_msg("%s", sentence);
}

/* ---- the world ---- */

#define OVERRIDES                                                                                  \
    "bouncer.reporting_mta=mta01.relay.example", "bouncer.in_flight=2",                            \
        "bouncer.return_limit=204800", "work.inline_max=4096", "work.chunk=65536"

static int set_up(void **state, const char *const *overrides)
{
    const struct bus_settings log = {.partitions = {[BUS_FAILURE] = 2}, .drain_ms = 10000};
    const struct conf_faults faults = {.on_fault = on_fault};
    struct fixture *f = xalloc(sizeof *f);
    struct err err;

    f->loop = loop_new();
    f->arena = arena_new(4096);
    assert_int_equal(bus_hub_open(&log, &f->hub, &err), 0);
    assert_int_equal(bus_new(f->hub, f->loop, "test", BUS_PROMPT, &f->bus, &err), 0);
    assert_int_equal(conf_read("/dev/null", overrides, BOUNCER_SECTIONS, &faults, &f->conf), 0);
    f->env = (struct service_env){
        .loop = f->loop,
        .hub = f->hub,
        .conf = f->conf,
        .log = log_new(STDERR_FILENO, LOG_ERROR, "bouncer", "pod", clock_wall_us),
        .metrics = metrics_new(),
        .leave_ms = 10000,
        .pod = "pod-1",
        .state = xalloc(sizeof(struct service_role_state)),
    };
    assert_int_equal(bouncer_role.start(&f->env, &f->role, &err), 0);
    *state = f;
    return 0;
}

int fixture_set_up(void **state)
{
    static const char *const overrides[] = {OVERRIDES, NULL};
    return set_up(state, overrides);
}

int fixture_set_up_forwarding(void **state)
{
    static const char *const overrides[] = {
        OVERRIDES,
        "configurations=({envelope_from={rewrite=\"@d.test\"; forward_bounces=true;};}, "
        "{name=\"plain\"; bounce={format=\"simple\";};})",
        "bounces.receive_domains=[\"own.test\"]", NULL};
    return set_up(state, overrides);
}

int fixture_tear_down(void **state)
{
    struct fixture *f = *state;

    bouncer_role.free(&f->role);
    bus_free(&f->bus);
    bus_hub_close(&f->hub);
    loop_free(&f->loop);
    conf_free(&f->conf);
    log_free(&f->env.log);
    metrics_free(&f->env.metrics);
    xfree(f->env.state);
    arena_free(&f->arena);
    xfree(f);
    return 0;
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct fixture *f = owner;

    (void)ticket;
    f->ack = *ack;
    f->is_acked = true;
}

int64_t fixture_publish(struct fixture *f, const struct bus_record *record)
{
    f->ticket = (struct bus_ticket){.on_acked = on_acked, .owner = f};
    f->is_acked = false;
    bus_publish(f->bus, record, &f->ticket);
    while (!f->is_acked)
        loop_turn(f->loop, 10);
    assert_true(f->ack.ok);
    return f->ack.offset;
}

void fixture_publish_failure(struct fixture *f, const struct record_failure *failure)
{
    struct buf head = {0};

    record_put_failure(&head, failure);
    const struct bus_record record = {
        .topic = BUS_FAILURE, .key = failure->work.envelope.mail_id, .head = buf_slice(&head)};
    (void)fixture_publish(f, &record);
    buf_free(&head);
}

void fixture_store_original(struct fixture *f, struct record_failure *failure, struct slice lines)
{
    struct record_work work = failure->work;
    struct buf head = {0}, body = {0};

    smtp_dot_stuff(&body, lines);
    work.has_body_ref = false;
    work.body_crc32c = hash_crc32c(0, buf_slice(&body));
    record_put_work(&head, &work);
    /* Out of the way of the reports, which are looked for in the whole topic. */
    const struct bus_record record = {
        .topic = BUS_WORK, .partition = 0, .head = buf_slice(&head), .body = buf_slice(&body)};
    int64_t offset = fixture_publish(f, &record);
    failure->work.has_body_ref = true;
    failure->work.body_ref = (struct record_body){.topic = RECORD_BODY_INLINE_OF_WORK,
                                                  .partition = 0,
                                                  .first_offset = offset,
                                                  .last_offset = offset,
                                                  .length = body.len,
                                                  .crc32c = work.body_crc32c};
    buf_free(&head);
    buf_free(&body);
}

void fixture_run_until_finished(struct fixture *f, int64_t count)
{
    uint64_t deadline = clock_monotonic_ms() + DEADLINE_MS;

    while (bus_fake_committed(f->hub, BUS_FAILURE, "bouncer", 0) < count) {
        assert_true(clock_monotonic_ms() < deadline);
        loop_turn(f->loop, 50);
    }
}

struct record_work fixture_report_at(struct fixture *f, size_t index)
{
    struct bus_delivery delivery;
    struct record_work work;
    struct err err;

    for (size_t i = 0; bus_fake_record(f->hub, BUS_WORK, i, &delivery); i++) {
        assert_int_equal(record_get_work(f->arena, delivery.value, &work, &err), 0);
        if (work.envelope.is_report && index-- == 0)
            return work;
    }
    fail_msg("there are fewer reports");
    return work;
}

size_t fixture_report_count(struct fixture *f)
{
    struct bus_delivery delivery;
    struct record_work work;
    struct err err;
    size_t count = 0;

    for (size_t i = 0; bus_fake_record(f->hub, BUS_WORK, i, &delivery); i++) {
        assert_int_equal(record_get_work(f->arena, delivery.value, &work, &err), 0);
        count += work.envelope.is_report;
    }
    return count;
}

size_t fixture_event_count(struct fixture *f, struct slice type)
{
    struct bus_delivery delivery;
    size_t count = 0;

    for (size_t i = 0; bus_fake_record(f->hub, BUS_EVENT, i, &delivery); i++)
        count += slice_find_slice(delivery.value, type) < delivery.value.len;
    return count;
}

bool fixture_has(struct slice text, const char *needle)
{
    return slice_find_slice(text, slice_str(needle)) < text.len;
}

bool fixture_has_metric(struct fixture *f, const char *line)
{
    struct buf text = {0};

    metrics_expose(&f->env.metrics, 1, &text);
    bool is_there = fixture_has(buf_slice(&text), line);
    buf_free(&text);
    return is_there;
}
