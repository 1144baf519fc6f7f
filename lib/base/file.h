/* SPDX-License-Identifier: Apache-2.0
 * Small files that others replace under a running process: secrets, certificates, settings. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define FILE_SECRET_MAX ((size_t)1024 * 1024)

/* What a path leads to now, through all links; all zero when it leads nowhere. */
struct file_stamp {
    uint64_t device, inode, bytes;
    int64_t changed_s, changed_ns;
};

struct file_stamp file_stamp_of(const char *path);
bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b);

/* Adds all of an open file, or the first octets beyond max_bytes, too, where it is larger. */
MUST_CHECK int file_read(int fd, size_t max_bytes, struct buf *text, struct err *err);
/* The text of a file without the line end that editors leave at its end. ERR_INVALID: unreadable,
 * empty, with a NUL, or larger than FILE_SECRET_MAX. The text is a secret: buf_wipe it. The error
 * names the path and never the content. */
MUST_CHECK int file_read_secret(const char *path, struct buf *ret_text, struct err *err);
