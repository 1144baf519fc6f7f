/* SPDX-License-Identifier: Apache-2.0
 * Random bytes, digests and password hashes, so that OpenSSL stays in this folder. */
#pragma once

#include "base/id.h"

/* Cryptographically random; aborts when the system has no randomness. */
void crypto_random(void *out, size_t size);
/* A fresh id, with a NUL: by the wall clock's now_ms, then random. */
void crypto_new_id(int64_t now_ms, char out[ID_LEN + 1]);
void crypto_sha256(struct slice bytes, uint8_t out[32]);

/* RFC 7914: N = 2^log2_n; takes 128 * N * r octets of memory. */
struct crypto_scrypt_cost {
    unsigned log2_n, r, p;
};
#define CRYPTO_SCRYPT_BYTES_MAX ((uint64_t)64 * 1024 * 1024)
/* Tens of milliseconds: for loop_offload. False: the cost is not allowed (or needs more than
 * CRYPTO_SCRYPT_BYTES_MAX), key untouched or of no use. */
bool crypto_scrypt(struct slice password, struct slice salt, const struct crypto_scrypt_cost *cost,
                   uint8_t *key, size_t key_len);
/* In a time that depends on the lengths only. */
bool crypto_is_equal(struct slice a, struct slice b);
