/* SPDX-License-Identifier: Apache-2.0
 * Ids as they appear in replies, logs, events and reports: lower-case base32 without padding. */
#pragma once

#include "base/slice.h"

#define ID_LEN 20 /* 100 bits */

/* A mail id: 45 bits of wall-clock ms (so ids sort by time), 55 random bits.
 * random8: 8 random bytes. out gets ID_LEN characters and a NUL. */
void id_mail(int64_t now_ms, const uint8_t random8[8], char out[ID_LEN + 1]);
/* A derived id: the first 100 bits of a 32-byte digest, always the same for the same digest. */
void id_derived(const uint8_t digest[32], char out[ID_LEN + 1]);
