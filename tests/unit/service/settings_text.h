/* SPDX-License-Identifier: Apache-2.0
 * A settings file of a test, read as a process reads it. */
#pragma once

#include "conf/conf.h"

/* NULL: refused; *ret_fault is the first sentence, for the caller to free. */
struct conf *settings_text_read(const char *text, struct buf *ret_fault);
