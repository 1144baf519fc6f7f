/* SPDX-License-Identifier: Apache-2.0
 * The users file: who may submit. Lines of user.h; empty ones and those that begin with '#' are
 * nothing. Read as a whole and never changed: whoever reads it again gets a new one. */
#pragma once

#include "profile/user.h"

struct users;

/* The octets of the file. The err names it. */
MUST_CHECK int users_load(const char *path, struct buf *ret_text, struct err *err);
/* Cuts one line off *text, without its end and the blanks around it. */
struct slice users_cut_line(struct slice *text);
/* Whether a line is a user's. */
bool users_is_entry(struct slice line);

/* The err names file and line. */
MUST_CHECK int users_new(const char *path, struct users **ret_users, struct err *err);
/* NULL accepted, NULL set. */
void users_free(struct users **users);
size_t users_count(const struct users *users);
/* i: in the order of the file. */
const struct user *users_at(const struct users *users, size_t i);
/* NULL: no such user. */
const struct user *users_find(const struct users *users, struct slice name);
