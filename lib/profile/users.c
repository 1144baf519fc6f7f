/* SPDX-License-Identifier: Apache-2.0
 * Reading the users file. Its size is bounded, and a name is there once. */
#include "profile/users.h"

#include <errno.h>
#include <stdio.h>

#include "base/map.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define PIECE    ((size_t)16 * 1024)

struct entry {
    struct map_node node; /* by name */
    struct user user;
};

struct users {
    struct buf text; /* the names are parts of it */
    struct map by_name;
    struct entry **entries;
    size_t count, room;
};

static int read_all(FILE *file, struct buf *text)
{
    size_t got;

    do {
        buf_reserve(text, PIECE);
        got = fread(text->at + text->len, 1, PIECE, file);
        text->len += got;
    } while (got == PIECE && text->len <= FILE_MAX);
    return ferror(file) ? -1 : 0;
}

int users_load(const char *path, struct buf *ret_text, struct err *err)
{
    struct buf text = {0};
    FILE *file = fopen(path, "re");

    if (!file)
        return err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    int rc = read_all(file, &text);
    if (rc < 0)
        rc = err_set(err, ERR_INVALID, "%s: %s", path, strerror(errno));
    else if (text.len > FILE_MAX)
        rc = err_set(err, ERR_INVALID, "%s: a users file has at most 16 MiB", path);
    (void)fclose(file);
    if (rc < 0) {
        buf_free(&text);
        return -1;
    }
    *ret_text = text;
    return 0;
}

struct slice users_cut_line(struct slice *text)
{
    struct slice line = slice_cut(text, '\n');

    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    return slice_trim(line);
}

bool users_is_entry(struct slice line)
{
    return line.len > 0 && line.at[0] != '#';
}

static int add_user(struct users *users, struct slice line, struct err *err)
{
    struct user user;

    if (user_parse(line, &user, err) < 0)
        return -1;
    if (map_get(&users->by_name, user.name))
        return err_set(err, ERR_INVALID, "user \"%.*s\" is there already", SLICE_ARGS(user.name));
    if (users->count == users->room) {
        users->room = users->room ? users->room * 2 : 16;
        users->entries = xrealloc(users->entries, users->room * sizeof *users->entries);
    }
    struct entry *entry = xalloc(sizeof *entry);
    entry->user = user;
    map_put(&users->by_name, &entry->node, entry->user.name);
    users->entries[users->count++] = entry;
    return 0;
}

int users_new(const char *path, struct users **ret_users, struct err *err)
{
    struct users *users = xalloc(sizeof *users);
    unsigned line_number = 0;

    if (users_load(path, &users->text, err) < 0) {
        users_free(&users);
        return -1;
    }
    struct slice rest = buf_slice(&users->text);
    while (rest.len) {
        struct slice line = users_cut_line(&rest);
        line_number++;
        if (users_is_entry(line) && add_user(users, line, err) < 0) {
            users_free(&users);
            return err_wrap(err, "%s:%u", path, line_number);
        }
    }
    *ret_users = users;
    return 0;
}

void users_free(struct users **users)
{
    if (!*users)
        return;
    for (size_t i = 0; i < (*users)->count; i++)
        xfree((*users)->entries[i]);
    xfree((*users)->entries);
    map_free(&(*users)->by_name);
    buf_free(&(*users)->text);
    xfree(*users);
    *users = NULL;
}

size_t users_count(const struct users *users)
{
    return users->count;
}

const struct user *users_at(const struct users *users, size_t i)
{
    return &users->entries[i]->user;
}

const struct user *users_find(const struct users *users, struct slice name)
{
    struct map_node *node = map_get(&users->by_name, name);

    return node ? &MAP_OWNER(node, struct entry, node)->user : NULL;
}
