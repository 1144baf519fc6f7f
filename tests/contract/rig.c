/* SPDX-License-Identifier: Apache-2.0
 * Waiting, samples, publishing, taps: see rig.h. */
#include "contract/rig.h"

#include "base/hash.h"
#include "base/xalloc.h"
#include "net/clock.h"

#define TURN_MS      20
#define SAMPLE_BYTES 100
#define LEAVE_MS     5000

/* ---- waiting ---- */

bool rig_wait(struct rig *rig, bool (*is_so)(void *owner), void *owner)
{
    uint64_t until = clock_monotonic_ms() + BACKEND.patience_ms;

    while (!is_so(owner)) {
        if (clock_monotonic_ms() > until)
            return false;
        loop_turn(rig->loop, TURN_MS);
    }
    return true;
}

/* ---- sides ---- */

static bool is_ready(void *owner)
{
    const char *why;

    return bus_is_ready(((struct side *)owner)->bus, &why);
}

void side_open(struct rig *rig, struct side *side)
{
    struct err err;

    side->rig = rig;
    side->hub = place_open(rig->place);
    assert_non_null(side->hub);
    assert_int_equal(bus_new(side->hub, rig->loop, "contract", BUS_PROMPT, &side->bus, &err), 0);
    assert_true(rig_wait(rig, is_ready, side));
}

void side_close(struct side *side)
{
    if (!side->hub)
        return;
    for (size_t i = 0; i < RIG_TAPS; i++) {
        if (side->rig->taps[i].side == side)
            tap_close(&side->rig->taps[i]);
    }
    bus_free(&side->bus);
    place_close(side->rig->place, &side->hub);
}

int rig_setup(void **state)
{
    struct rig *rig = xalloc(sizeof *rig);

    *state = rig;
    rig->place = place_new();
    rig->loop = loop_new();
    side_open(rig, &rig->a);
    return 0;
}

int rig_teardown(void **state)
{
    struct rig *rig = *state;

    side_close(&rig->a);
    side_close(&rig->b);
    for (size_t i = 0; i < RIG_TAPS; i++)
        xfree(rig->taps[i].seen);
    loop_free(&rig->loop);
    place_free(&rig->place);
    xfree(rig);
    return 0;
}

/* ---- samples ---- */

void sample(struct buf *out, unsigned seq, size_t bytes)
{
    uint64_t state = seq * 0x9e3779b97f4a7c15ULL + 1;

    buf_clear(out);
    buf_reserve(out, bytes);
    for (; out->len < bytes; out->len++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        out->at[out->len] = (char)(state >> 56);
    }
}

bool is_sample(struct slice value, unsigned seq, size_t bytes)
{
    struct buf expected = {0};

    sample(&expected, seq, bytes);
    bool is_same = slice_eq(value, buf_slice(&expected));
    buf_free(&expected);
    return is_same;
}

uint64_t sample_hash(unsigned seq, size_t bytes)
{
    struct buf expected = {0};

    sample(&expected, seq, bytes);
    uint64_t hash = hash_bytes(buf_slice(&expected));
    buf_free(&expected);
    return hash;
}

/* ---- publishing ---- */

struct flight {
    struct bus_ticket ticket;
    struct bus_ack ack;
    bool is_over;
};

static void on_flight_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct flight *flight = owner;

    assert_ptr_equal(ticket, &flight->ticket);
    assert_false(flight->is_over);
    assert_non_null(ack->detail);
    flight->ack = *ack;
    flight->ack.detail = "";
    flight->is_over = true;
}

static void launch(struct side *side, const struct bus_record *record, struct flight *flight)
{
    flight->ticket.on_acked = on_flight_acked;
    flight->ticket.owner = flight;
    bus_publish(side->bus, record, &flight->ticket);
    assert_false(flight->is_over); /* never from inside the call */
}

static bool is_flight_over(void *owner)
{
    return ((struct flight *)owner)->is_over;
}

struct bus_ack publish(struct side *side, const struct bus_record *record)
{
    struct flight flight = {0};

    launch(side, record, &flight);
    assert_true(rig_wait(side->rig, is_flight_over, &flight));
    return flight.ack;
}

int64_t publish_samples(struct side *side, enum bus_topic topic, int32_t partition, unsigned first,
                        unsigned count)
{
    struct flight *flights = xalloc(count * sizeof *flights);
    struct buf key = {0}, value = {0};

    for (unsigned i = 0; i < count; i++) {
        buf_clear(&key);
        buf_add_u64(&key, first + i);
        sample(&value, first + i, SAMPLE_BYTES);
        struct bus_record record = {.topic = topic, .partition = partition, .key = buf_slice(&key)};
        record.head = slice_sub(buf_slice(&value), 0, 10);
        record.body = slice_skip(buf_slice(&value), 10);
        launch(side, &record, &flights[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        assert_true(rig_wait(side->rig, is_flight_over, &flights[i]));
        assert_true(flights[i].ack.ok);
        assert_true(i == 0 || flights[i].ack.offset > flights[i - 1].ack.offset);
    }
    int64_t offset = flights[0].ack.offset;
    buf_free(&key);
    buf_free(&value);
    xfree(flights);
    return offset;
}

/* ---- taps ---- */

static void on_assigned(void *owner, int32_t partition)
{
    struct tap *tap = owner;

    assert_false(tap->owned[partition]);
    tap->owned[partition] = true;
    tap->revoked[partition] = false;
    assert_true(bus_owns(tap->consumer, partition));
    bus_start(tap->consumer, partition, tap->start_at);
}

static void on_revoked(void *owner, int32_t partition, bool is_lost)
{
    struct tap *tap = owner;

    tap->revoked[partition] = true;
    if (is_lost || !tap->keeps) {
        tap->owned[partition] = false;
        bus_release(tap->consumer, partition);
    }
}

static void on_record(void *owner, const struct bus_delivery *delivery)
{
    struct tap *tap = owner;

    assert_true(tap->owned[delivery->partition]);
    assert_false(tap->revoked[delivery->partition]);
    if (tap->count == tap->room) {
        tap->room = tap->room ? 2 * tap->room : 64;
        tap->seen = xrealloc(tap->seen, tap->room * sizeof *tap->seen);
    }
    struct seen *seen = &tap->seen[tap->count++];
    *seen = (struct seen){.partition = delivery->partition,
                          .offset = delivery->offset,
                          .value_hash = hash_bytes(delivery->value),
                          .value_bytes = delivery->value.len,
                          .is_tombstone = delivery->is_tombstone};
    assert_true(delivery->key.len < sizeof seen->key);
    if (delivery->key.len > 0)
        memcpy(seen->key, delivery->key.at, delivery->key.len);
    if (tap->finishes)
        bus_finish(tap->consumer, delivery->partition, delivery->offset);
    if (tap->count == tap->pause_at)
        bus_pause(tap->consumer);
    if (tap->count == tap->restart_after)
        bus_start(tap->consumer, delivery->partition, 1);
}

static void on_committed(void *owner, int32_t partition, int64_t next_offset)
{
    ((struct tap *)owner)->committed[partition] = next_offset;
}

static void on_left(void *owner)
{
    ((struct tap *)owner)->is_left = true;
}

static const struct bus_consumer_ops TAP_OPS = {
    .on_assigned = on_assigned,
    .on_revoked = on_revoked,
    .on_record = on_record,
    .on_committed = on_committed,
    .on_left = on_left,
};

struct tap *tap_new(struct rig *rig)
{
    for (size_t i = 0; i < RIG_TAPS; i++) {
        struct tap *tap = &rig->taps[i];
        if (tap->consumer)
            continue;
        xfree(tap->seen);
        *tap = (struct tap){.start_at = BUS_COMMITTED};
        for (size_t j = 0; j < RIG_PARTITIONS; j++)
            tap->committed[j] = -1;
        return tap;
    }
    fail_msg("no free tap");
    return NULL;
}

void tap_open(struct tap *tap, struct side *side, enum bus_topic topic, const char *group)
{
    tap->side = side;
    tap->consumer = bus_consume(side->bus, topic, group, &TAP_OPS, tap);
    assert_non_null(tap->consumer);
}

static bool is_tap_left(void *owner)
{
    return ((struct tap *)owner)->is_left;
}

void tap_close(struct tap *tap)
{
    if (!tap->consumer)
        return;
    tap->keeps = false;
    bus_leave(tap->consumer, LEAVE_MS);
    for (int32_t i = 0; i < RIG_PARTITIONS; i++) { /* what it kept from an earlier revocation */
        if (tap->owned[i] && tap->revoked[i])
            bus_release(tap->consumer, i);
    }
    (void)rig_wait(tap->side->rig, is_tap_left, tap);
    tap->consumer = NULL;
    assert_true(tap->is_left);
}

uint64_t tap_close_holding(struct tap *tap, int64_t limit_ms)
{
    uint64_t began_ms = clock_monotonic_ms();

    tap->keeps = true;
    bus_leave(tap->consumer, limit_ms);
    assert_true(rig_wait(tap->side->rig, is_tap_left, tap));
    tap->consumer = NULL;
    return clock_monotonic_ms() - began_ms;
}

struct expectation {
    struct tap *tap;
    size_t count;
    int32_t partition;
    int64_t offset;
};

static bool has_count(void *owner)
{
    const struct expectation *e = owner;

    return e->tap->count >= e->count;
}

bool tap_wait_count(struct tap *tap, size_t count)
{
    return rig_wait(tap->side->rig, has_count, &(struct expectation){.tap = tap, .count = count});
}

void tap_expect_count(struct tap *tap, size_t count)
{
    (void)tap_wait_count(tap, count);
    assert_int_equal(tap->count, count);
}

size_t tap_owned(const struct tap *tap)
{
    size_t count = 0;

    for (size_t i = 0; i < RIG_PARTITIONS; i++)
        count += tap->owned[i];
    return count;
}

static bool has_owned(void *owner)
{
    const struct expectation *e = owner;

    return tap_owned(e->tap) == e->count;
}

void tap_expect_owned(struct tap *tap, size_t partitions)
{
    (void)rig_wait(tap->side->rig, has_owned,
                   &(struct expectation){.tap = tap, .count = partitions});
    assert_int_equal(tap_owned(tap), partitions);
}

static bool has_committed(void *owner)
{
    const struct expectation *e = owner;

    return e->tap->committed[e->partition] == e->offset;
}

void tap_expect_committed(struct tap *tap, int32_t partition, int64_t next_offset)
{
    (void)rig_wait(
        tap->side->rig, has_committed,
        &(struct expectation){.tap = tap, .partition = partition, .offset = next_offset});
    assert_int_equal(tap->committed[partition], next_offset);
}

size_t tap_offsets(const struct tap *tap, int32_t partition, int64_t *out, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < tap->count; i++) {
        if (tap->seen[i].partition != partition)
            continue;
        assert_true(count < room);
        out[count++] = tap->seen[i].offset;
    }
    return count;
}
