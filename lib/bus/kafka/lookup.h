/* SPDX-License-Identifier: Apache-2.0
 * The offsets of a consumer's new partitions. */
#pragma once

#include "consumer.h"

/* Asks for committed and newest offsets of the partitions in PART_LOOKUP. */
void lookup_start(struct bus_consumer *consumer);
/* Nobody waits for the answer any more. NULL accepted, NULL set. */
void lookup_abandon(struct lookup **lookup);
