/* SPDX-License-Identifier: Apache-2.0
 * The retention guard: a mail that waits for its retry must still be in the log. Refuses topics
 * that forget sooner than the longest retry period + 24 h, and a timer topic that forgets at all.
 */
#pragma once

#include "kafka.h"

struct client;

/* Hours a record must live beyond the longest retry period. */
#define GUARD_SLACK_S ((int64_t)24 * 3600)

/* Asks for the configurations; the answer is an event on the queue. */
void guard_ask(const struct bus_hub *hub, const struct client *client, rd_kafka_queue_t *queue);
/* ERR_INVALID: one sentence with topic, value and what is needed. ERR_RETRY: could not be read.
 * Notes each retention it reads in the figures of the bus. */
MUST_CHECK int guard_check(struct bus *bus, rd_kafka_event_t *event, struct err *err);
/* Pure. name and value as Kafka writes them; settings that do not matter pass. topic_name: for the
 * sentence. */
MUST_CHECK int guard_check_value(enum bus_topic topic, const char *topic_name,
                                 const char *const setting[2], int64_t longest_period_s,
                                 struct err *err);
