/* SPDX-License-Identifier: Apache-2.0
 * Looking at files and reading small ones as a whole. Writes nothing. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_stamp file_stamp_of(const char *path)
{
    struct stat seen;

    if (stat(path, &seen) != 0)
        return (struct file_stamp){0};
    return (struct file_stamp){
        .device = seen.st_dev,
        .inode = seen.st_ino,
        .bytes = (uint64_t)seen.st_size,
        .changed_s = seen.st_mtim.tv_sec,
        .changed_ns = seen.st_mtim.tv_nsec,
    };
}

bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->changed_s == b->changed_s && a->changed_ns == b->changed_ns;
}

static int read_all(int fd, struct buf *text)
{
    ssize_t got;

    do {
        buf_reserve(text, 4096);
        got = read(fd, text->at + text->len, 4096);
        if (got > 0)
            text->len += (size_t)got;
    } while ((got > 0 && text->len <= FILE_SECRET_MAX) || (got < 0 && errno == EINTR));
    return got < 0 ? -1 : 0;
}

static void drop_line_end(struct buf *text)
{
    if (text->len > 0 && text->at[text->len - 1] == '\n')
        text->len--;
    if (text->len > 0 && text->at[text->len - 1] == '\r')
        text->len--;
}

static int check(const char *path, const struct buf *text, struct err *err)
{
    if (text->len == 0)
        return err_set(err, ERR_INVALID, "%s: it is empty", path);
    if (text->len > FILE_SECRET_MAX)
        return err_set(err, ERR_INVALID, "%s: it is larger than 1 MiB", path);
    if (slice_find(buf_slice(text), '\0') < text->len)
        return err_set(err, ERR_INVALID, "%s: it has a NUL", path);
    return 0;
}

int file_read_secret(const char *path, struct buf *ret_text, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct buf text = {0};
    int rc = 0;

    if (fd < 0 || read_all(fd, &text) != 0)
        rc = err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    drop_line_end(&text);
    if (rc == 0)
        rc = check(path, &text, err);
    if (rc == 0)
        *ret_text = text;
    else
        buf_wipe(&text);
    return rc;
}
