/* SPDX-License-Identifier: Apache-2.0
 * Errors a healthy broker never gives, injected on librdkafka's mock cluster. */
#pragma once

/* The number that failed. */
int kafka_fault_tests(void);
