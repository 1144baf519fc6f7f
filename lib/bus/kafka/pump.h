/* SPDX-License-Identifier: Apache-2.0
 * Brings the events of a librdkafka queue to the loop: librdkafka writes to a descriptor when the
 * queue becomes non-empty, the loop watches it. Nothing of ours runs on librdkafka's threads. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "net/loop.h"

/* Events worked off in one turn, so that a burst does not starve the SMTP sessions. */
#define PUMP_BATCH 500

struct pump;

/* on_ready: poll the queue until it is empty, or call pump_again when stopping earlier. The queue
 * stays the caller's and outlives the pump. */
struct pump *pump_new(struct loop *loop, rd_kafka_queue_t *queue, void (*on_ready)(void *owner),
                      void *owner);
/* From now on another queue, or none (NULL); the old one may be destroyed afterwards. */
void pump_switch(struct pump *pump, rd_kafka_queue_t *queue);
/* on_ready once more at the next turn. */
void pump_again(struct pump *pump);
/* NULL accepted, NULL set. */
void pump_free(struct pump **pump);
