/* SPDX-License-Identifier: Apache-2.0
 * Hashes that are part of the contract between nodes: the partition of a record and the checksum of
 * a body. Changing either strands mail; golden values are in tests/unit/base/test_hash.c. */
#pragma once

#include "base/slice.h"

/* FNV-1a, 64 bit, with a final avalanche. Stable for ever. */
uint64_t hash_bytes(struct slice bytes);
/* CRC-32C (Castagnoli) of bytes appended to what `seed` already covers (0 to begin). */
uint32_t hash_crc32c(uint32_t seed, struct slice bytes);
