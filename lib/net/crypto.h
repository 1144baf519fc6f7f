/* SPDX-License-Identifier: Apache-2.0
 * Random bytes and digests, so that OpenSSL stays in this folder. */
#pragma once

#include "base/slice.h"

/* Cryptographically random; aborts when the system has no randomness. */
void crypto_random(void *out, size_t size);
void crypto_sha256(struct slice bytes, uint8_t out[32]);
