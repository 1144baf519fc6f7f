/* SPDX-License-Identifier: Apache-2.0
 * A consumer's watermarks reach its group. */
#pragma once

#include "consumer.h"

/* Sends what has moved, or proof of life when nothing has for long. */
void commit_send(struct bus_consumer *consumer);
/* For rd_kafka_conf_set_offset_commit_cb; owner: the consumer. */
void commit_on_result(rd_kafka_t *rk, rd_kafka_resp_err_t error,
                      rd_kafka_topic_partition_list_t *offsets, void *owner);
