/* SPDX-License-Identifier: Apache-2.0
 * The tests of bus_kafka alone, and what they need of its places. */
#pragma once

#include "bus/settings.h"
#include "contract/backend.h"

/* Of the hubs that are opened on the place from now on. */
struct bus_settings *kafka_place_settings(struct place *place);

/* Deletes the topic and creates it anew, empty; returns once the broker shows it. */
void kafka_place_renew(struct place *place, enum bus_topic topic);

/* Each the number of tests that failed. */
int kafka_broker_tests(void); /* on the real broker */
int kafka_fault_tests(void); /* errors a healthy broker never gives, on librdkafka's mock cluster */
