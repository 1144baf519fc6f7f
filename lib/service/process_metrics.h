/* SPDX-License-Identifier: Apache-2.0
 * What the kernel says about this process: processor time, memory, descriptors. */
#pragma once

#include "service/metrics.h"

/* Sets the process_ metrics; what the kernel does not tell stays as it was. */
void process_metrics_measure(struct metrics *metrics);
