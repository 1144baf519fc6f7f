/* SPDX-License-Identifier: Apache-2.0
 * Looking at files and reading small ones as a whole. Writes nothing. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)16 * 1024)

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

int file_read(int fd, size_t max_bytes, struct buf *text, struct err *err)
{
    ssize_t got;

    do {
        buf_reserve(text, READ_BYTES);
        got = read(fd, text->at + text->len, READ_BYTES);
        if (got > 0)
            text->len += (size_t)got;
    } while ((got > 0 && text->len <= max_bytes) || (got < 0 && errno == EINTR));
    return got < 0 ? err_set(err, ERR_INVALID, "%s", strerror(errno)) : 0;
}

static int read_path(const char *path, struct buf *text, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, ERR_INVALID, "%s", strerror(errno));
    int rc = file_read(fd, FILE_SECRET_MAX, text, err);
    (void)close(fd);
    return rc;
}

static void drop_line_end(struct buf *text)
{
    if (text->len > 0 && text->at[text->len - 1] == '\n')
        text->len--;
    if (text->len > 0 && text->at[text->len - 1] == '\r')
        text->len--;
}

static int check(const struct buf *text, struct err *err)
{
    if (text->len == 0)
        return err_set(err, ERR_INVALID, "it is empty");
    if (text->len > FILE_SECRET_MAX)
        return err_set(err, ERR_INVALID, "it is larger than 1 MiB");
    if (slice_find(buf_slice(text), '\0') < text->len)
        return err_set(err, ERR_INVALID, "it has a NUL");
    return 0;
}

int file_read_secret(const char *path, struct buf *ret_text, struct err *err)
{
    struct buf text = {0};
    int rc = read_path(path, &text, err);

    drop_line_end(&text);
    if (rc == 0)
        rc = check(&text, err);
    if (rc != 0) {
        buf_wipe(&text);
        return err_wrap(err, "%s", path);
    }
    *ret_text = text;
    return 0;
}
