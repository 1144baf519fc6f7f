/* SPDX-License-Identifier: Apache-2.0
 * Looks at whole lines with all of the stream at hand, which the scanner never has. */
#include "kit/dot_model.h"

static bool is_bare(struct slice s, size_t at)
{
    if (s.at[at] == '\n')
        return at == 0 || s.at[at - 1] != '\r';
    return s.at[at] == '\r' && (at + 1 == s.len || s.at[at + 1] != '\n');
}

/* A line that is one dot and at least one NUL. */
static bool is_dressed(struct slice line)
{
    size_t dots = 0, nuls = 0;

    for (size_t i = 0; i < line.len; i++) {
        dots += line.at[i] == '.';
        nuls += line.at[i] == '\0';
    }
    return dots == 1 && nuls > 0 && dots + nuls == line.len;
}

/* Takes the next line; false when there is none or it ended data. */
static bool take_line(struct dot_model *model, struct slice rest)
{
    size_t end = slice_find_slice(rest, SLICE("\r\n"));
    struct slice line = slice_sub(rest, 0, end);

    if (end == rest.len)
        return false;
    model->used += end + 2;
    model->is_end = slice_eq(line, SLICE("."));
    if (model->is_end)
        return false;
    model->is_violated |= is_dressed(line);
    buf_add(&model->body, slice_sub(rest, 0, end + 2));
    return true;
}

struct dot_model dot_model_run(struct slice stream)
{
    struct dot_model model = {0};

    while (take_line(&model, slice_skip(stream, model.used)))
        ;
    for (size_t i = 0; i < model.used; i++)
        model.is_violated |= is_bare(slice_sub(stream, 0, model.used), i);
    return model;
}
