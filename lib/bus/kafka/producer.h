/* SPDX-License-Identifier: Apache-2.0
 * Publishing: one idempotent producer per role, replaced when librdkafka declares it dead or its
 * certificates are old. */
#pragma once

#include "kafka.h"

/* Records that may wait for their acknowledgement. */
#define PRODUCER_QUEUE_RECORDS 100000

struct producer;

MUST_CHECK int producer_new(struct bus *bus, struct producer **ret_producer, struct err *err);
/* Fails what is outstanding, calling on_acked. NULL accepted, NULL set. */
void producer_free(struct producer **producer);
void producer_publish(struct producer *producer, const struct bus_record *record,
                      struct bus_ticket *ticket);
/* Changes to a new handle, which reads certificates again, once nothing is in flight; records that
 * come meanwhile wait, in order. */
void producer_renew(struct producer *producer);

/* The handle, for metadata and configuration queries, and the queue its events come to: answers of
 * DescribeConfigs are passed on to the probe. */
struct client *producer_client(const struct producer *producer);
rd_kafka_queue_t *producer_queue(const struct producer *producer);
