/* SPDX-License-Identifier: Apache-2.0
 * See golden.h. */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"

static void read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    char block[4096];
    size_t got;

    if (!file)
        fail_msg("%s is missing", path);
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        buf_add(out, slice_of(block, got));
    (void)fclose(file);
}

void golden_assert(const char *name, struct slice report)
{
    struct buf path = {0}, golden = {0};

    buf_addf(&path, "%s/%s.eml", GOLDEN_DIR, name);
    read_file(buf_str(&path), &golden);
    if (!slice_eq(report, buf_slice(&golden)))
        fail_msg("%s.eml differs from what was built:\n%.*s", name, SLICE_ARGS(report));
    buf_free(&path);
    buf_free(&golden);
}
