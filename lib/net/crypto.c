/* SPDX-License-Identifier: Apache-2.0
 * Random bytes and digests by OpenSSL. */
#include "net/crypto.h"

#include <limits.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/assert.h"

void crypto_random(void *out, size_t size)
{
    ASSERT(size <= INT_MAX);
    ASSERT(RAND_bytes(out, (int)size) == 1);
}

void crypto_sha256(struct slice bytes, uint8_t out[32])
{
    const void *at = bytes.at ? bytes.at : "";

    ASSERT(SHA256(at, bytes.len, out) != NULL);
}
