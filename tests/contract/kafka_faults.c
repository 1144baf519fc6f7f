/* SPDX-License-Identifier: Apache-2.0
 * Publishing and committing against errors that a healthy broker never gives, injected on
 * librdkafka's mock cluster. It has no configurations of topics: the retention guard stays out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <setjmp.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "bus/figures.h"
#include "bus/settings.h"
#include "contract/kafka_backend.h"
#include "net/clock.h"

#define PATIENCE_MS  30000
#define TURN_MS      10
#define KEY_PRODUCE  0 /* Kafka's numbers of requests */
#define KEY_COMMIT   8
#define FIRST_BROKER 1

struct mock {
    rd_kafka_t *rk; /* carries the cluster */
    rd_kafka_mock_cluster_t *cluster;
    struct bus_settings settings;
    struct bus_hub *hub;
    struct loop *loop;
    struct bus *bus;
};

struct flight {
    struct bus_ticket ticket;
    struct bus_ack ack;
    unsigned calls;
};

/* ---- waiting ---- */

static void wait_for(struct mock *mock, bool (*is_so)(void *owner), void *owner)
{
    uint64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (!is_so(owner)) {
        assert_true(clock_monotonic_ms() < until_ms);
        loop_turn(mock->loop, TURN_MS);
    }
}

static bool is_ready(void *owner)
{
    const char *why;

    return bus_is_ready(((struct mock *)owner)->bus, &why);
}

static bool is_not_ready(void *owner)
{
    return !is_ready(owner);
}

static bool is_acked(void *owner)
{
    return ((struct flight *)owner)->calls > 0;
}

/* ---- rig ---- */

static int setup(void **state)
{
    struct mock *mock = xalloc(sizeof *mock);
    struct err err;
    char why[128];

    *state = mock;
    mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    mock->cluster = rd_kafka_mock_cluster_new(mock->rk, 1);
    mock->settings = (struct bus_settings){
        .topic_prefix = "",
        .drain_ms = 5000,
        .brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster),
        .instance_id = "",
        .session_timeout_ms = 6000,
        .publish_timeout_ms = 3000,
        .linger_ms = 1,
        .gather_ms = 20,
        .fetch_wait_ms = 20,
        .queue_kbytes = 1024,
        .prefetch_kbytes = 1024,
        .compression = "none",
        .idempotence = true,
    };
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        (void)rd_kafka_mock_topic_create(mock->cluster, bus_topic_row(topic)->name, 2, 1);
    assert_int_equal(bus_hub_open(&mock->settings, &mock->hub, &err), 0);
    mock->loop = loop_new();
    assert_int_equal(bus_new(mock->hub, mock->loop, "faults", BUS_PROMPT, &mock->bus, &err), 0);
    wait_for(mock, is_ready, mock);
    return 0;
}

static int teardown(void **state)
{
    struct mock *mock = *state;

    bus_free(&mock->bus);
    loop_free(&mock->loop);
    bus_hub_close(&mock->hub);
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
    xfree(mock);
    return 0;
}

static void on_acked(void *owner, struct bus_ticket *ticket, const struct bus_ack *ack)
{
    struct flight *flight = owner;

    assert_ptr_equal(ticket, &flight->ticket);
    flight->ack = *ack;
    flight->calls++;
}

static void launch(struct mock *mock, struct flight *flight, struct slice value)
{
    const struct bus_record record = {.topic = BUS_WORK, .key = SLICE("key"), .body = value};

    *flight = (struct flight){.ticket = {.on_acked = on_acked, .owner = flight}};
    bus_publish(mock->bus, &record, &flight->ticket);
    assert_int_equal(flight->calls, 0);
}

static struct bus_ack publish(struct mock *mock)
{
    struct flight flight;

    launch(mock, &flight, SLICE("value"));
    wait_for(mock, is_acked, &flight);
    return flight.ack;
}

/* ---- tests ---- */

static void test_faults_not_enough_replicas_is_tried_again(void **state)
{
    struct mock *mock = *state;

    rd_kafka_mock_push_request_errors(
        mock->cluster, KEY_PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    struct bus_ack ack = publish(mock);
    assert_true(ack.ok);
    assert_int_equal(ack.offset, 0);
}

static void test_faults_no_answer_may_have_been_stored(void **state)
{
    struct mock *mock = *state;

    assert_true(publish(mock).ok);
    rd_kafka_mock_broker_set_rtt(mock->cluster, FIRST_BROKER, 20000);
    struct bus_ack ack = publish(mock);
    assert_false(ack.ok);
    assert_int_equal(ack.kind, ERR_RETRY);
    assert_true(ack.maybe_persisted);
}

static void test_faults_too_large_for_the_broker_is_invalid(void **state)
{
    struct mock *mock = *state;

    rd_kafka_mock_push_request_errors(mock->cluster, KEY_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct bus_ack ack = publish(mock);
    assert_false(ack.ok);
    assert_int_equal(ack.kind, ERR_INVALID);
    assert_true(publish(mock).ok);
}

/* Stored by a try whose answer was lost: a success without an offset is published again. */
static void test_faults_duplicate_sequence_gets_an_offset(void **state)
{
    struct mock *mock = *state;

    assert_true(publish(mock).ok);
    rd_kafka_mock_push_request_errors(mock->cluster, KEY_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
    struct bus_ack ack = publish(mock);
    assert_true(ack.ok);
    assert_int_equal(ack.offset, 1);
}

/* Fatal to librdkafka's idempotent producer: ours fails what is pending and goes on. */
static void test_faults_fatal_error_replaces_the_producer(void **state)
{
    struct mock *mock = *state;
    struct bus_stats stats;

    assert_true(publish(mock).ok);
    rd_kafka_mock_push_request_errors(mock->cluster, KEY_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING);
    rd_kafka_mock_push_request_errors(mock->cluster, KEY_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    struct bus_ack ack = publish(mock);
    assert_false(ack.ok);
    assert_int_equal(ack.kind, ERR_RETRY);
    for (unsigned i = 0; i < 3 && !ack.ok; i++) /* the error may be told after its reports */
        ack = publish(mock);
    assert_true(ack.ok);
    bus_stats(mock->bus, &stats);
    assert_int_equal(stats.queue_records, 0);
    assert_int_equal(stats.queue_bytes, 0);
}

static void test_faults_broker_away_and_back(void **state)
{
    struct mock *mock = *state;

    assert_true(publish(mock).ok);
    rd_kafka_mock_broker_set_down(mock->cluster, FIRST_BROKER);
    wait_for(mock, is_not_ready, mock);
    struct bus_ack ack = publish(mock);
    assert_false(ack.ok);
    assert_int_equal(ack.kind, ERR_RETRY);
    rd_kafka_mock_broker_set_up(mock->cluster, FIRST_BROKER);
    wait_for(mock, is_ready, mock);
    assert_true(publish(mock).ok);
}

static void test_faults_full_queue_is_a_limit_and_says_so_before(void **state)
{
    struct mock *mock = *state;
    struct flight flights[3];
    struct buf value = {0};

    buf_reserve(&value, 500000);
    memset(value.at, 'x', 500000);
    value.len = 500000;
    assert_true(bus_has_room(mock->bus));
    rd_kafka_mock_broker_set_down(mock->cluster, FIRST_BROKER);
    for (size_t i = 0; i < 3; i++)
        launch(mock, &flights[i], buf_slice(&value));
    assert_false(bus_has_room(mock->bus));
    for (size_t i = 0; i < 3; i++)
        wait_for(mock, is_acked, &flights[i]);
    buf_free(&value);
    assert_int_equal(flights[2].ack.kind, ERR_LIMIT);
    assert_false(flights[2].ack.maybe_persisted);
    assert_int_equal(flights[0].ack.kind, ERR_RETRY);
    assert_true(bus_has_room(mock->bus));
}

/* ---- committing ---- */

struct watcher {
    struct bus_consumer *consumer;
    int64_t committed;
    bool is_left;
};

static void on_assigned(void *owner, int32_t partition)
{
    bus_start(((struct watcher *)owner)->consumer, partition, BUS_COMMITTED);
}

static void on_revoked(void *owner, int32_t partition, bool is_lost)
{
    (void)is_lost;
    bus_release(((struct watcher *)owner)->consumer, partition);
}

static void on_record(void *owner, const struct bus_delivery *delivery)
{
    bus_finish(((struct watcher *)owner)->consumer, delivery->partition, delivery->offset);
}

static void on_committed(void *owner, int32_t partition, int64_t next_offset)
{
    (void)partition;
    ((struct watcher *)owner)->committed = next_offset;
}

static void on_left(void *owner)
{
    ((struct watcher *)owner)->is_left = true;
}

static const struct bus_consumer_ops WATCHER_OPS = {.on_assigned = on_assigned,
                                                    .on_revoked = on_revoked,
                                                    .on_record = on_record,
                                                    .on_committed = on_committed,
                                                    .on_left = on_left};

static bool is_committed(void *owner)
{
    return ((struct watcher *)owner)->committed == 1;
}

static bool is_left(void *owner)
{
    return ((struct watcher *)owner)->is_left;
}

static void test_faults_failed_commit_is_made_again(void **state)
{
    struct mock *mock = *state;
    struct watcher watcher = {0};

    assert_true(publish(mock).ok);
    rd_kafka_mock_push_request_errors(mock->cluster, KEY_COMMIT, 2,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                      RD_KAFKA_RESP_ERR_UNKNOWN);
    watcher.consumer = bus_consume(mock->bus, BUS_WORK, "watchers", &WATCHER_OPS, &watcher);
    wait_for(mock, is_committed, &watcher);
    bus_leave(watcher.consumer, PATIENCE_MS);
    wait_for(mock, is_left, &watcher);
}

int kafka_fault_tests(void)
{
#define FAULT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        FAULT_TEST(test_faults_not_enough_replicas_is_tried_again),
        FAULT_TEST(test_faults_no_answer_may_have_been_stored),
        FAULT_TEST(test_faults_too_large_for_the_broker_is_invalid),
        FAULT_TEST(test_faults_duplicate_sequence_gets_an_offset),
        FAULT_TEST(test_faults_fatal_error_replaces_the_producer),
        FAULT_TEST(test_faults_broker_away_and_back),
        FAULT_TEST(test_faults_full_queue_is_a_limit_and_says_so_before),
        FAULT_TEST(test_faults_failed_commit_is_made_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
