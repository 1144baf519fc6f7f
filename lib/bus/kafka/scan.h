/* SPDX-License-Identifier: Apache-2.0
 * bus/scan.h over Kafka: for hikyakuctl and tests. */
#pragma once

#include "bus/scan.h"

extern const struct scan_backend KAFKA_SCAN;
