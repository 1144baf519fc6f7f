/* SPDX-License-Identifier: Apache-2.0
 * The dot scanner cut into pieces against the slow model. First octet: the size of the pieces. */
#include "fuzz/fuzz.h"
#include "kit/dot_model.h"
#include "smtp/dot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smtp_dot dot = {0};
    struct smtp_dot_body piece;
    struct buf body = {0};
    bool is_end = false;

    if (size == 0)
        return 0;
    size_t step = data[0] ? data[0] : size;
    struct slice stream = slice_of(data + 1, size - 1), rest = stream;
    while (rest.len && !is_end) {
        struct slice in = slice_sub(rest, 0, step);
        size_t given = in.len;
        is_end = smtp_dot_scan(&dot, &in, &piece) == PARSE_DONE;
        ASSERT(is_end || in.len == 0);
        buf_add(&body, piece.held);
        buf_add(&body, piece.bytes);
        rest = slice_skip(rest, given - in.len);
    }
    struct dot_model model = dot_model_run(stream);
    ASSERT(is_end == model.is_end);
    if (is_end) {
        ASSERT(stream.len - rest.len == model.used);
        ASSERT(dot.is_violated == model.is_violated);
        ASSERT(slice_eq(buf_slice(&body), buf_slice(&model.body)));
    }
    buf_free(&body);
    buf_free(&model.body);
    return 0;
}
