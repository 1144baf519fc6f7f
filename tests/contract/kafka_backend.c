/* SPDX-License-Identifier: Apache-2.0
 * The contract suite on a real broker: HIKYAKU_KAFKA says where (tests/system/kafka/broker.py
 * with), a place is a prefix of topics on it. Topics are made by the code of hikyakuctl. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/kafka/scan.h"
#include "bus/kafka/topics.h"
#include "contract/kafka_backend.h"
#include "net/clock.h"

const struct backend BACKEND = {
    .name = "kafka",
    .is_durable = true,
    .compacts_at_once = false,
    .is_scanned_in_process = true,
    .patience_ms = 60000,
};

struct place {
    char *prefix;
    struct bus_settings settings;
};

static const char *broker(void)
{
    const char *address = getenv("HIKYAKU_KAFKA");

    if (!address) {
        (void)fputs("HIKYAKU_KAFKA is not set: run through tests/system/kafka/broker.py with\n",
                    stderr);
        exit(2);
    }
    return address;
}

struct place *place_attach(const char *name)
{
    struct place *place = xalloc(sizeof *place);

    place->prefix = xstrdup(name);
    place->settings = (struct bus_settings){
        .topic_prefix = place->prefix,
        .partitions = {[BUS_WORK] = 4,
                       [BUS_BODY] = 2,
                       [BUS_TIMER] = 2,
                       [BUS_FAILURE] = 1,
                       [BUS_EVENT] = 1,
                       [BUS_CONFIG] = 1,
                       [BUS_DEAD] = 1},
        .longest_period_s = 86400,
        .drain_ms = 20000,
        .brokers = broker(),
        .instance_id = "",
        .session_timeout_ms = 6000,
        .publish_timeout_ms = 15000,
        .linger_ms = 1,
        .gather_ms = 20,
        .fetch_wait_ms = 20,
        .queue_kbytes = 131072,
        .prefetch_kbytes = 32768,
        .compression = "lz4",
        .replication = 1,
        .min_insync = 1,
        .idempotence = true,
    };
    return place;
}

struct place *place_new(void)
{
    struct buf prefix = {0};
    struct topics *topics = NULL;
    struct err err;

    buf_addf(&prefix, "contract-%d-%llu.", (int)getpid(), (unsigned long long)clock_monotonic_us());
    struct place *place = place_attach(buf_str(&prefix));
    buf_free(&prefix);
    ASSERT(topics_new(&place->settings, &topics, &err) == 0);
    for (enum bus_topic topic = 0; topic < BUS_TOPICS; topic++)
        if (topics_create(topics, topic, &err)) {
            (void)fprintf(stderr, "%s\n", err.text);
            exit(2);
        }
    topics_free(&topics);
    return place;
}

/* ---- as an administrator ---- */

struct admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct buf topic; /* its name on the broker */
};

static struct admin admin_begin(const struct place *place, enum bus_topic topic)
{
    struct admin admin = {0};
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    ASSERT(rd_kafka_conf_set(conf, "bootstrap.servers", broker(), why, sizeof why) ==
           RD_KAFKA_CONF_OK);
    admin.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    ASSERT(admin.rk != NULL);
    admin.queue = rd_kafka_queue_new(admin.rk);
    buf_addf(&admin.topic, "%s%s", place->prefix, bus_topic_row(topic)->name);
    return admin;
}

static void admin_end(struct admin *admin)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, (int)BACKEND.patience_ms);

    ASSERT(event && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(admin->queue);
    rd_kafka_destroy(admin->rk);
    buf_free(&admin->topic);
}

static void delete_topic(const struct place *place, enum bus_topic topic)
{
    struct admin admin = admin_begin(place, topic);
    rd_kafka_DeleteTopic_t *plan = rd_kafka_DeleteTopic_new(buf_str(&admin.topic));

    rd_kafka_DeleteTopics(admin.rk, &plan, 1, NULL, admin.queue);
    rd_kafka_DeleteTopic_destroy(plan);
    admin_end(&admin);
}

bool place_expire(struct place *place, enum bus_topic topic, int32_t partition,
                  int64_t below_offset)
{
    struct admin admin = admin_begin(place, topic);
    rd_kafka_topic_partition_list_t *below = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(below, buf_str(&admin.topic), partition)->offset =
        below_offset;
    rd_kafka_DeleteRecords_t *plan = rd_kafka_DeleteRecords_new(below);
    rd_kafka_DeleteRecords(admin.rk, &plan, 1, NULL, admin.queue);
    rd_kafka_DeleteRecords_destroy(plan);
    rd_kafka_topic_partition_list_destroy(below);
    admin_end(&admin);
    return true;
}

void kafka_place_renew(struct place *place, enum bus_topic topic)
{
    struct topics *topics = NULL;
    struct err err;

    delete_topic(place, topic);
    ASSERT(topics_new(&place->settings, &topics, &err) == 0);
    ASSERT(topics_create(topics, topic, &err) == 0);
    ASSERT(topics_await(topics, topic, &err) == 0);
    topics_free(&topics);
}

void place_free(struct place **place)
{
    xfree((*place)->prefix); /* the topics go with the broker's folder */
    xfree(*place);
    *place = NULL;
}

struct bus_settings *kafka_place_settings(struct place *place)
{
    return &place->settings;
}

const char *place_name(const struct place *place)
{
    return place->prefix;
}

struct bus_hub *place_open(struct place *place)
{
    struct bus_hub *hub = NULL;
    struct err err;

    ASSERT(bus_hub_open(&place->settings, &hub, &err) == 0);
    return hub;
}

void place_close(struct place *place, struct bus_hub **hub)
{
    (void)place;
    bus_hub_close(hub);
}

struct scan *place_scan(struct place *place, const enum bus_topic *topics, size_t count)
{
    struct scan *scan = NULL;
    struct err err;

    ASSERT(scan_open(&KAFKA_SCAN, &place->settings, topics, count, &scan, &err) == 0);
    return scan;
}

/* One line to the broker's keeper, one back. */
static bool control(const char *verb)
{
    const char *path = getenv("HIKYAKU_KAFKA_CONTROL");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char answer[64] = "";

    if (!path || strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool ok = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
              write(fd, verb, strlen(verb)) == (ssize_t)strlen(verb) &&
              read(fd, answer, sizeof answer - 1) > 0 && strncmp(answer, "ok", 2) == 0;
    (void)close(fd);
    return ok;
}

bool place_set_available(struct place *place, bool is_available)
{
    (void)place;
    return control(is_available ? "start\n" : "kill\n");
}

int backend_tests(void)
{
    return kafka_broker_tests() + kafka_fault_tests();
}
