/* SPDX-License-Identifier: Apache-2.0
 * Atomic change of a users file. FILE.new is the new file and, opened exclusively before the old
 * one is read, the lock: no change is lost to another one. */
#include "ctl/user_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

struct change {
    const char *path;
    const char *new_path;
    struct slice name;
    const struct user *user;
    bool was_there;
};

static int fail(const char *path, struct err *err)
{
    return err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
}

/* The text of the new file. */
static void apply(struct change *change, struct slice rest, struct buf *text)
{
    while (rest.len) {
        struct slice whole = slice_cut(&rest, '\n'), copy = whole;
        struct slice line = users_cut_line(&copy), name = line;
        bool is_it = users_is_entry(line) && slice_eq(slice_cut(&name, ':'), change->name);
        if (is_it) {
            change->was_there = true;
            if (change->user)
                user_put(text, change->user);
            continue;
        }
        buf_add(text, whole);
        buf_add_char(text, '\n');
    }
    if (change->user && !change->was_there)
        user_put(text, change->user);
}

static int load(const struct change *change, struct buf *text, struct err *err)
{
    struct users *users;

    if (access(change->path, F_OK) < 0 && errno == ENOENT)
        return 0;
    if (users_new(change->path, &users, err) < 0) /* what is wrong already is not made worse */
        return -1;
    users_free(&users);
    return users_load(change->path, text, err);
}

static int write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t written = write(fd, text.at, text.len);
        if (written < 0 && errno != EINTR)
            return -1;
        text = slice_skip(text, written > 0 ? (size_t)written : 0);
    }
    return 0;
}

static int sync_folder(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0)
        (void)close(fd);
    xfree(copy);
    return rc;
}

/* The ingress reads it as its owner, whoever changes it. */
static int keep_owner(const struct change *change, int fd)
{
    struct stat before;

    if (stat(change->path, &before) < 0)
        return 0;
    return fchown(fd, before.st_uid, before.st_gid);
}

static int replace(const struct change *change, int fd, struct slice text, struct err *err)
{
    if (keep_owner(change, fd) < 0 || write_all(fd, text) < 0 || fsync(fd) < 0)
        return fail(change->new_path, err);
    if (rename(change->new_path, change->path) < 0 || sync_folder(change->path) < 0)
        return fail(change->path, err);
    return 0;
}

static int change_locked(struct change *change, int fd, struct err *err)
{
    struct buf before = {0}, after = {0};
    int rc = load(change, &before, err);

    if (rc == 0) {
        apply(change, buf_slice(&before), &after);
        if (!change->user && !change->was_there)
            rc = err_set(err, ERR_INVALID, "%s has no user \"%.*s\"", change->path,
                         SLICE_ARGS(change->name));
        else
            rc = replace(change, fd, buf_slice(&after), err);
    }
    buf_free(&before);
    buf_free(&after);
    return rc;
}

static int change_file(struct change *change, struct err *err)
{
    int fd = open(change->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST)
        return err_set(
            err, ERR_INVALID,
            "%s exists: another change is under way, or one was cut off and the file can "
            "be removed",
            change->new_path);
    if (fd < 0)
        return fail(change->new_path, err);
    int rc = change_locked(change, fd, err);
    (void)close(fd);
    if (rc < 0)
        (void)unlink(change->new_path); /* gone already when only the folder's sync failed */
    return rc;
}

int user_file_change(const char *path, struct slice name, const struct user *user,
                     enum user_change *ret_change, struct err *err)
{
    struct buf new_path = {0};

    buf_add_str(&new_path, path);
    buf_add_str(&new_path, ".new");
    struct change change = {
        .path = path, .new_path = buf_str(&new_path), .name = name, .user = user};
    int rc = change_file(&change, err);
    buf_free(&new_path);
    if (rc == 0)
        *ret_change = !user ? USER_REMOVED : change.was_there ? USER_REPLACED : USER_ADDED;
    return rc;
}
