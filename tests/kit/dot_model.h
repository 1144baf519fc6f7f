/* SPDX-License-Identifier: Apache-2.0
 * A slow and obvious model of the end of data, to compare lib/smtp/dot.c with. */
#pragma once

#include "base/buf.h"

struct dot_model {
    struct buf body; /* whole lines before the end, as sent; the caller frees it */
    bool is_end, is_violated;
    size_t used; /* octets up to and with the end, or of whole lines when there is none */
};

struct dot_model dot_model_run(struct slice stream);
