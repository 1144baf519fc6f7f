/* SPDX-License-Identifier: Apache-2.0
 * What a consumer's partitions hold beyond its watermark. */
#pragma once

#include "consumer.h"

/* From the tick: asks, now and then, where the partitions end that librdkafka does not fetch from
 * now, for it would not notice what is published there. */
void backlog_refresh(struct bus_consumer *consumer);
