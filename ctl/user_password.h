/* SPDX-License-Identifier: Apache-2.0
 * Asking for a new password. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* From the terminal, unseen and twice; or one line of standard input. The caller wipes it. */
MUST_CHECK int user_password_ask(bool is_from_stdin, struct buf *ret_password, struct err *err);
