/* SPDX-License-Identifier: Apache-2.0
 * What a fuzz target exports, for libFuzzer or for replay.c. Oracles are ASSERTs. */
#pragma once

#include "base/assert.h"
#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
