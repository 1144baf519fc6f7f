/* SPDX-License-Identifier: Apache-2.0
 * Base32 ids. The alphabet is in ASCII order so that ids sort as their bits do. */
#include "base/id.h"

static const char ALPHABET[] = "234567abcdefghijklmnopqrstuvwxyz";

void id_mail(int64_t now_ms, const uint8_t random8[8], char out[ID_LEN + 1])
{
    uint64_t time_bits = (uint64_t)now_ms & ((UINT64_C(1) << 45) - 1);
    uint64_t random_bits = 0;

    for (size_t i = 0; i < 8; i++)
        random_bits = random_bits << 8 | random8[i];
    for (size_t i = 0; i < 9; i++)
        out[i] = ALPHABET[time_bits >> (40 - 5 * i) & 31];
    for (size_t i = 0; i < 11; i++)
        out[9 + i] = ALPHABET[random_bits >> (50 - 5 * i) & 31];
    out[ID_LEN] = '\0';
}

void id_derived(const uint8_t digest[32], char out[ID_LEN + 1])
{
    for (size_t i = 0; i < ID_LEN; i++) {
        size_t bit = i * 5;
        unsigned pair = (unsigned)digest[bit / 8] << 8 | digest[bit / 8 + 1];
        out[i] = ALPHABET[pair >> (11 - bit % 8) & 31];
    }
    out[ID_LEN] = '\0';
}
