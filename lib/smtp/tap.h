/* SPDX-License-Identifier: Apache-2.0
 * Listening in on a session: each line of the dialogue as it passes an engine, behind TLS in the
 * clear. Never content, and never what may be a password. */
#pragma once

#include "base/slice.h"

enum smtp_direction { SMTP_SENT, SMTP_RECEIVED };

struct smtp_tap {
    /* One line without its CRLF; hostile when it was received. Fires from inside the engine's
     * functions, which it must not call. */
    void (*on_line)(void *owner, enum smtp_direction direction, struct slice line);
    void *owner;
};

/* Each line of what passes; tap NULL: nothing. */
void smtp_tap_lines(const struct smtp_tap *tap, enum smtp_direction direction, struct slice bytes);
