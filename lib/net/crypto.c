/* SPDX-License-Identifier: Apache-2.0
 * Random bytes, digests and scrypt by OpenSSL. */
#include "net/crypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/assert.h"

void crypto_random(void *out, size_t size)
{
    ASSERT(size <= INT_MAX);
    ASSERT(RAND_bytes(out, (int)size) == 1);
}

void crypto_new_id(int64_t now_ms, char out[ID_LEN + 1])
{
    uint8_t random[8];

    crypto_random(random, sizeof random);
    id_mail(now_ms, random, out);
}

void crypto_sha256(struct slice bytes, uint8_t out[32])
{
    const void *at = bytes.at ? bytes.at : "";

    ASSERT(SHA256(at, bytes.len, out) != NULL);
}

bool crypto_scrypt(struct slice password, struct slice salt, const struct crypto_scrypt_cost *cost,
                   uint8_t *key, size_t key_len)
{
    /* OpenSSL counts its own blocks as well: allow for them on top of what we promise. */
    uint64_t room = CRYPTO_SCRYPT_BYTES_MAX + CRYPTO_SCRYPT_BYTES_MAX / 8;

    if (cost->log2_n == 0 || cost->log2_n > 30)
        return false;
    return EVP_PBE_scrypt(password.at ? password.at : "", password.len, (const uint8_t *)salt.at,
                          salt.len, UINT64_C(1) << cost->log2_n, cost->r, cost->p, room, key,
                          key_len) == 1;
}

bool crypto_is_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}
