/* SPDX-License-Identifier: Apache-2.0
 * Cutting what passes into lines. */
#include "smtp/tap.h"

void smtp_tap_lines(const struct smtp_tap *tap, enum smtp_direction direction, struct slice bytes)
{
    while (tap && bytes.len) {
        struct slice line = slice_cut(&bytes, '\n');
        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        tap->on_line(tap->owner, direction, line);
    }
}
