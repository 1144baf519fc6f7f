/* SPDX-License-Identifier: Apache-2.0
 * Edit distance with swaps of neighbours (optimal string alignment). */
#include "conf/suggest.h"

#include <string.h>

#define NAME_MAX_BYTES 48 /* longer names get no suggestion */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static size_t distance(const char *a, const char *b)
{
    size_t rows[NAME_MAX_BYTES + 1][NAME_MAX_BYTES + 1];
    size_t a_length = strlen(a), b_length = strlen(b);

    for (size_t i = 0; i <= a_length; i++)
        for (size_t j = 0; j <= b_length; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            size_t cost = a[i - 1] != b[j - 1];
            rows[i][j] = min3(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                rows[i][j] = min3(rows[i][j], rows[i - 2][j - 2] + 1, rows[i][j]);
        }
    return rows[a_length][b_length];
}

void conf_suggest(struct conf_suggestion *best, const char *given, const char *candidate)
{
    size_t length = strlen(given);

    if (length > NAME_MAX_BYTES || strlen(candidate) > NAME_MAX_BYTES)
        return;
    size_t far = distance(given, candidate);
    if (far > 1 + length / 5 || (best->name && far >= best->distance))
        return;
    best->name = candidate;
    best->distance = far;
}
